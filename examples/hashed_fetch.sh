#!/bin/sh
# A download that follows the metadata and compares the hash, with nothing but curl, jq and
# sha256sum: no signature is looked at, and nothing is remembered.
#
#   python -m trustlib.testing --download \
#     "sh examples/hashed_fetch.sh {metadata_url} {targets_url} {target} {downloads}"
set -eu
get() { curl --fail --silent --show-error --max-time 20 "$1"; }

version=$(get "$1timestamp.json" | jq -e '.signed.meta["snapshot.json"].version')
snapshot=$(get "$1$version.snapshot.json")
hash=
for role in $(printf %s "$snapshot" | jq -r '.signed.meta | keys[]'); do
  version=$(printf %s "$snapshot" | jq -e --arg role "$role" '.signed.meta[$role].version')
  hash=$(get "$1$version.$role" | jq -r --arg path "$3" '.signed.targets[$path].hashes.sha256 // ""')
  test -z "$hash" || break
done
test -n "$hash" || { echo "$3: nobody lists that" >&2; exit 1; }

get "$2$(dirname "$3")/$hash.$(basename "$3")" > "$4/.draft"
echo "$hash  $4/.draft" | sha256sum --check --quiet
mv "$4/.draft" "$4/artifact"
