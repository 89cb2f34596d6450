#!/bin/sh
# A download as many scripts do it: whatever the server sends is taken for the artifact.
#
#   python -m trustlib.testing --download \
#     "sh examples/naive_fetch.sh {targets_url} {target} {downloads}"
set -eu
curl --fail --silent --show-error --max-time 20 --output "$3/artifact" "$1$2"
