#!/usr/bin/env bash
# trino.sh install            fetch Trino's server with its Iceberg connector once (500 MB on disk, 820 MB to download)
# trino.sh versions           the same, and name them
# trino.sh serve DIRECTORY    run one node that keeps its state there, until it is stopped; prints "listens on URL" before
#                             it starts. It has no catalogs: make them with CREATE CATALOG.
. "$(dirname "$0")/lab.sh"
TRINO_VERSION=476
TRINO=$LAB/opt/trino-$TRINO_VERSION

install() {
  need mvn "Maven fetches the JVM components"
  JAVA_HOME=$(java_home 24 25)
  once trino "$TRINO_VERSION" install_trino
}

# The plugins' jars are links to each other's, so all are unpacked and those of other connectors removed.
install_trino() {
  local staging plugin
  staging=$(mktemp -d "$LAB/opt/.trino-XXXXXX")
  retry "trino-server $TRINO_VERSION" env JAVA_HOME="$JAVA_HOME" mvn -B -q -U -f "$LAB_SOURCE/no-project.xml" \
    "$MAVEN_DEPENDENCY_PLUGIN:copy" -Dartifact="io.trino:trino-server:$TRINO_VERSION:tar.gz" -DoutputDirectory="$staging"
  tar xzf "$staging"/*.tar.gz -C "$staging" --strip-components=1
  rm "$staging"/*.tar.gz
  for plugin in "$staging"/plugin/*; do
    [ "${plugin##*/}" = iceberg ] || rm -r "$plugin"
  done
  rm -rf "$TRINO"
  mv "$staging" "$TRINO"
}

serve() {
  local directory=$1 port
  install
  port=$(free_port)
  mkdir -p "$directory/etc"
  write_config "$port" > "$directory/etc/config.properties"
  printf 'io.trino=WARN\nio.airlift=WARN\n' > "$directory/etc/log.properties"
  cd "$directory"
  echo "listens on http://127.0.0.1:$port"
  exec "$JAVA_HOME/bin/java" -Xmx1500m -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError -Duser.timezone=UTC -Djdk.attach.allowAttachSelf=true \
    -Djava.net.preferIPv4Stack=true --enable-native-access=ALL-UNNAMED \
    -Dconfig=etc/config.properties -Dlog.levels-file=etc/log.properties -Dcatalog.config-dir=etc \
    -Dnode.environment=lab -Dnode.id=lab -Dnode.data-dir="$directory" -Dnode.bind-ip=127.0.0.1 -Dnode.internal-address=127.0.0.1 \
    -cp "$TRINO/lib/*" io.trino.server.TrinoServer
}

write_config() {
  cat << END
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=$1
discovery.uri=http://127.0.0.1:$1
catalog.management=dynamic
catalog.store=memory
plugin.dir=$TRINO/plugin
query.max-memory=512MB
query.max-memory-per-node=512MB
memory.heap-headroom-per-node=256MB
task.concurrency=2
END
}

command=${1:-install}
shift || true
case $command in
  install)
    install
    echo "$TRINO"
    ;;
  versions)
    install
    echo "Trino $TRINO_VERSION"
    ;;
  serve) serve "$1" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
