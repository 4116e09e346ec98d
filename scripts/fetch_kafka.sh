#!/usr/bin/env bash
# Fetches Apache Kafka and its tools (jars, through Maven) for the tests in tests/kafka, and prints the directory they
# are in. They are kept between runs, outside of the build: $KSEEK_KAFKA_DIR, or else $XDG_CACHE_HOME/kseek/kafka-3.9.1
# (~/.cache/…). When they are there already it only prints, and needs neither Maven nor a network.
# Exit code 1: they can't be had, and stderr says why.
set -euo pipefail

kafka=3.9.1
reload4j=1.7.36
dir=${KSEEK_KAFKA_DIR:-${XDG_CACHE_HOME:-${HOME:?fetch_kafka.sh: neither KSEEK_KAFKA_DIR nor HOME is set}/.cache}/kseek/kafka-$kafka}
marker=$dir/complete-$kafka-tools

fail() {
  echo "fetch_kafka.sh: $1" >&2
  exit 1
}

command -v java >/dev/null || fail "java is missing: scripts/setup.sh installs it (openjdk-17-jre-headless)"
if [[ -e $marker ]]; then
  echo "$dir"
  exit 0
fi
command -v mvn >/dev/null || fail "Maven is missing: scripts/setup.sh installs it (maven)"
mkdir -p "$dir" || fail "$dir can't be made; set KSEEK_KAFKA_DIR to a directory that can be written"

# Two test runs at once: the second waits for the first.
exec 9>"$dir/lock"
flock 9
if [[ -e $marker ]]; then
  echo "$dir"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>kseek</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$kafka</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$kafka</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>$reload4j</version>
    </dependency>
  </dependencies>
</project>
POM

if ! mvn -B -q -f "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/jars" \
  -DincludeScope=runtime >"$work/log" 2>&1; then
  grep -m 5 -E 'ERROR|Exception' "$work/log" | cut -c 1-400 >&2 || true
  fail "Maven could not fetch Kafka $kafka (above): is there a network, and does Maven know the way out?"
fi
for jar in kafka_2.13-$kafka.jar kafka-tools-$kafka.jar; do
  [[ -e $work/jars/$jar ]] || fail "Maven fetched something, but not $jar"
done

rm -rf "$dir/jars"
cp -r "$work/jars" "$dir/jars"
touch "$marker"
echo "$dir"
