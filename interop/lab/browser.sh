#!/usr/bin/env bash
# browser.sh install    find Chromium, or install Debian's where that is allowed, and fetch axe-core, which judges how
#                       accessible a page is, once with npm; prints where both are as JSON
. "$(dirname "$0")/lab.sh"
AXE_VERSION=4.14.0

install() {
  local browser
  browser=$(find_browser)
  [ -n "$browser" ] || once chromium debian install_chromium
  [ -n "$browser" ] || browser=$(find_browser)
  [ -n "$browser" ] || unavailable "no Chromium was found, nor can it be installed here"
  once axe "$AXE_VERSION" fetch_axe
  printf '{"chromium":"%s","axe":"%s"}\n' "$browser" "$LAB/opt/axe/node_modules/axe-core/axe.min.js"
}

find_browser() {
  command -v chromium || command -v chromium-browser || command -v google-chrome || true
}

install_chromium() {
  [ "$(id -u)" = 0 ] || unavailable "no Chromium was found, and only root can install Debian's"
  need apt-get "Debian's Chromium is installed by it"
  retry chromium install_package
}

install_package() {
  apt-get update -q || true
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium fonts-noto-cjk
}

fetch_axe() {
  local staging
  need npm "npm fetches axe-core"
  staging=$(mktemp -d "$LAB/opt/.axe-XXXXXX")
  echo '{"private":true}' > "$staging/package.json"
  retry "axe-core@$AXE_VERSION" npm install --prefix "$staging" --ignore-scripts --no-audit --no-fund "axe-core@$AXE_VERSION"
  rm -rf "$LAB/opt/axe"
  mv "$staging" "$LAB/opt/axe"
}

command=${1:-install}
case $command in
  install) install ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
