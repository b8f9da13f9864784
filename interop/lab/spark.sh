#!/usr/bin/env bash
# spark.sh install            fetch Spark and Iceberg once (600 MB on disk)
# spark.sh session ARG...     run spark_session.py (JSON lines on stdin and stdout); see there
# spark.sh python ARG...      run the environment's Python, with pyspark and the environment a session needs
. "$(dirname "$0")/lab.sh"
SPARK_VERSION=4.1.4
ICEBERG_VERSION=1.12.0

install() {
  SPARK_ENV=$(venv spark "pyspark==$SPARK_VERSION")
  SPARK_ICEBERG_JAR=$(maven_jar "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:$ICEBERG_VERSION")
  JAVA_HOME=$(java_home 17 21)
}

run_python() {
  install
  # UTC everywhere: Python hands out Spark's timestamps in the process's time zone.
  export JAVA_HOME SPARK_ICEBERG_JAR ICEBERG_VERSION TZ=UTC SPARK_LOCAL_IP=127.0.0.1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
  exec "$SPARK_ENV/bin/python" "$@"
}

command=${1:-install}
shift || true
case $command in
  install)
    install
    echo "$SPARK_ENV"
    ;;
  python) run_python "$@" ;;
  session) run_python "$LAB_SOURCE/spark_session.py" "$@" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
