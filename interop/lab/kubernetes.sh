#!/usr/bin/env bash
# kubernetes.sh install         build etcd and Kubernetes once with the Go toolchain (about 10 minutes on two cores, 2 GB in
#                               Go's caches; 250 MB on disk)
# kubernetes.sh start [NAME]    start a control plane with an empty store; prints how to reach it as JSON: `server`, `ca` (a
#                               file) and `token` of an administrator. Those of several names run side by side.
# kubernetes.sh stop [NAME]     end it and remove its data
#
# There is the API server with all its checks (access rules, quotas, security standards of pods), and the controllers that
# make pods of Deployments, clear up after what was deleted, and count quotas. There are no nodes: nothing schedules pods
# or runs them, so a suite that needs that says of pods itself what a node would.
. "$(dirname "$0")/lab.sh"
KUBERNETES_VERSION=1.36.3
ETCD_VERSION=3.6.16
ETCD=go.etcd.io/etcd/server/v3
BIN=$LAB/opt/kubernetes
CONTROLLERS=deployment-controller,replicaset-controller,garbage-collector-controller,resourcequota-controller,serviceaccount-controller

install() { once kubernetes "$KUBERNETES_VERSION $ETCD_VERSION" build; }

build() {
  local staging program version=k8s.io/component-base/version
  need go "the Go toolchain builds etcd and Kubernetes"
  need openssl
  staging=$(mktemp -d "$LAB/opt/.kubernetes-XXXXXX")
  mkdir -p "$staging/etcd" "$staging/kube"
  printf 'module lab/etcd\n\ngo 1.25\n\nrequire %s v%s\n' "$ETCD" "$ETCD_VERSION" > "$staging/etcd/go.mod"
  build_program "$staging/etcd" "$ETCD" "$staging/bin/etcd"
  write_kube_module "$staging/kube/go.mod"
  for program in kube-apiserver kube-controller-manager; do
    build_program "$staging/kube" "k8s.io/kubernetes/cmd/$program" "$staging/bin/$program" \
      -X "$version.gitVersion=v$KUBERNETES_VERSION" -X "$version.gitMajor=${KUBERNETES_VERSION%%.*}" \
      -X "$version.gitMinor=$(cut -d . -f 2 <<< "$KUBERNETES_VERSION")"
  done
  rm -rf "$BIN"
  mv "$staging/bin" "$BIN"
  rm -rf "$staging"
}

# build_program MODULE_DIR PACKAGE FILE LINKER_FLAG...
build_program() {
  (
    cd "$1"
    retry "$2" env CGO_ENABLED=0 GOFLAGS=-mod=mod nice go build -p "${LAB_BUILD_JOBS:-2}" -trimpath -ldflags "-s -w ${*:4}" -o "$3" "$2"
  )
}

# Kubernetes replaces its own modules by folders that its zip does not carry; they are published beside it, as v0 instead of v1.
write_kube_module() {
  local module=k8s.io/kubernetes@v$KUBERNETES_VERSION own
  retry "$module" go mod download "$module"
  own=$(go mod download -json "$module" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  {
    printf 'module lab/kube\n\n'
    grep '^go ' "$own"
    printf '\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$KUBERNETES_VERSION"
    sed -n "s|^[[:space:]]*\(k8s.io/[a-z0-9-]*\) => ./staging.*|\t\1 => \1 v0${KUBERNETES_VERSION#1}|p" "$own"
    printf ')\n'
  } > "$1"
}

start_server() {
  local name=kubernetes-$1 data=$LAB/run/kubernetes-$1.data settings=$LAB/run/kubernetes-$1.json
  if ! running "$name"; then
    install
    stop_server "$1"
    mkdir -p "$data"
    start_etcd "$1" "$data"
    start_api_server "$1" "$data" "$(cat "$data/etcd-url")"
    start_controllers "$1" "$data"
    printf '{"server":"%s","ca":"%s","token":"%s"}\n' "$(cat "$data/server")" "$data/certificates/apiserver.crt" "$(cat "$data/token")" \
      > "$settings"
  fi
  cat "$settings"
}

start_etcd() {
  local client peer
  client=$(free_port)
  peer=$(free_port)
  start "kubernetes-etcd-$1" "$client" "$BIN/etcd" --data-dir "$2/etcd" --log-level warn --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
    --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "default=http://127.0.0.1:$peer"
  echo "http://127.0.0.1:$client" > "$2/etcd-url"
}

start_api_server() {
  local port
  openssl genrsa -out "$2/accounts.key" 2048 2> /dev/null
  openssl rand -hex 16 > "$2/token"
  printf '%s,administrator,1,"system:masters"\n' "$(cat "$2/token")" > "$2/tokens.csv"
  port=$(free_port)
  start "kubernetes-$1" "$port" "$BIN/kube-apiserver" --etcd-servers "$3" --secure-port "$port" --bind-address 127.0.0.1 \
    --cert-dir "$2/certificates" --token-auth-file "$2/tokens.csv" --authorization-mode RBAC \
    --service-account-key-file "$2/accounts.key" --service-account-signing-key-file "$2/accounts.key" \
    --service-account-issuer https://kubernetes.default.svc --service-cluster-ip-range 10.0.0.0/24
  echo "https://127.0.0.1:$port" > "$2/server"
  # The port is open before the first roles are made.
  curl -fs -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors --cacert "$2/certificates/apiserver.crt" \
    -H "Authorization: Bearer $(cat "$2/token")" "https://127.0.0.1:$port/readyz"
}

start_controllers() {
  local port
  cat > "$2/controllers.yaml" << END
apiVersion: v1
kind: Config
current-context: lab
contexts: [{name: lab, context: {cluster: lab, user: administrator}}]
clusters: [{name: lab, cluster: {server: $(cat "$2/server"), certificate-authority: $2/certificates/apiserver.crt}}]
users: [{name: administrator, user: {token: $(cat "$2/token")}}]
END
  port=$(free_port)
  start "kubernetes-controllers-$1" "$port" "$BIN/kube-controller-manager" --kubeconfig "$2/controllers.yaml" --leader-elect=false \
    --secure-port "$port" --bind-address 127.0.0.1 --cert-dir "$2/certificates" --controllers "$CONTROLLERS" \
    --service-account-private-key-file "$2/accounts.key"
}

stop_server() {
  stop "kubernetes-controllers-$1"
  stop "kubernetes-$1"
  stop "kubernetes-etcd-$1"
  rm -rf "$LAB/run/kubernetes-$1.data" "$LAB/run/kubernetes-$1.json"
}

command=${1:-install}
name=${2:-default}
case $command in
  install)
    install
    echo "$BIN"
    ;;
  start) start_server "$name" ;;
  stop) stop_server "$name" ;;
  *)
    say "unknown command $command"
    exit 2
    ;;
esac
