#!/usr/bin/env bash
# azurite.sh install         fetch Azurite, Microsoft's emulator of Azure's stores, once with npm (365 MB on disk)
# azurite.sh start [NAME]    start its blobs with one account, `lab`, and an empty container of that name; prints how to
#                            reach it as JSON with the names of Iceberg's properties (warehouse, adls.endpoint, ...).
#                            Servers of several names run side by side.
# azurite.sh stop [NAME]     end that server and remove its data
. "$(dirname "$0")/lab.sh"
AZURITE_VERSION=3.37.0
ACCOUNT=lab
ACCOUNT_KEY=bGFic2VjcmV0 # the base64 of "labsecret"

install() { once azurite "$AZURITE_VERSION" fetch_azurite; }

fetch_azurite() {
  local staging
  need npm "npm fetches Azurite"
  staging=$(mktemp -d "$LAB/opt/.azurite-XXXXXX")
  echo '{"private":true}' > "$staging/package.json"
  retry "azurite@$AZURITE_VERSION" npm install --prefix "$staging" --ignore-scripts --omit=optional --no-audit --no-fund \
    "azurite@$AZURITE_VERSION"
  rm -rf "$LAB/opt/azurite"
  mv "$staging" "$LAB/opt/azurite"
}

start_server() {
  local name=azurite-$1 data=$LAB/run/azurite-$1.data settings=$LAB/run/azurite-$1.json port endpoint
  if ! running "$name"; then
    install
    rm -rf "$data"
    mkdir -p "$data"
    port=$(free_port)
    endpoint=http://127.0.0.1:$port/$ACCOUNT
    # By the checkout's own Node: it wants a newer one than many systems have.
    AZURITE_ACCOUNTS=$ACCOUNT:$ACCOUNT_KEY start "$name" "$port" node "$LAB_SOURCE/../../scripts/node.mjs" \
      "$LAB/opt/azurite/node_modules/azurite/dist/src/blob/main.js" --blobHost 127.0.0.1 --blobPort "$port" \
      --location "$data" --silent --disableTelemetry --skipApiVersionCheck
    make_container "$endpoint" lab
    printf '{"warehouse":"abfs://lab@%s.dfs.core.windows.net/warehouse","adls.endpoint":"%s","adls.auth.shared-key.account.name":"%s","adls.auth.shared-key.account.key":"%s"}\n' \
      "$ACCOUNT" "$endpoint" "$ACCOUNT" "$ACCOUNT_KEY" > "$settings"
  fi
  cat "$settings"
}

# make_container ENDPOINT NAME: by a request with the account's signature; nothing else makes one.
make_container() {
  python3 - "$1" "$2" "$ACCOUNT" "$ACCOUNT_KEY" << 'END'
import base64, email.utils, hashlib, hmac, sys, urllib.parse, urllib.request

endpoint, name, account, key = sys.argv[1:]
url = f"{endpoint}/{name}?restype=container"
headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
resource = f"/{account}{urllib.parse.urlsplit(url).path}\nrestype:container"
signed = "\n".join(["PUT", *[""] * 11, *(f"{header}:{headers[header]}" for header in sorted(headers)), resource])
digest = hmac.digest(base64.b64decode(key), signed.encode(), hashlib.sha256)
headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(digest).decode()}"
urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers)).read()
END
}

stop_server() {
  stop "azurite-$1"
  rm -rf "$LAB/run/azurite-$1.data" "$LAB/run/azurite-$1.json"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$LAB/opt/azurite"
    ;;
  start) start_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
