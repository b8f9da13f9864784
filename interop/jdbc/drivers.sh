#!/usr/bin/env bash
# drivers.sh    fetch what Spark and PyIceberg need to reach SQLite, PostgreSQL and MariaDB (25 MB on disk); prints as JSON
#               the Java class path and the Python path that have it
. "$(dirname "$0")/../lab/lab.sh"
JARS=(org.xerial:sqlite-jdbc:3.46.1.3 org.postgresql:postgresql:42.7.4 org.mariadb.jdbc:mariadb-java-client:3.5.1)

class_path=''
for artifact in "${JARS[@]}"; do
  jar=$(maven_jar "$artifact")
  class_path=$class_path${class_path:+:}$jar
done
environment=$(venv jdbc-drivers pg8000==1.31.2 pymysql==1.1.1)
printf '{"classPath":"%s","pythonPath":"%s"}\n' "$class_path" "$(echo "$environment"/lib/python3*/site-packages)"
