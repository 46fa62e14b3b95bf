#!/usr/bin/env bash
# Trains the shipped sentiment model and exports it: training/train.sh [--minutes 30]. Resumes after an interruption;
# `rm -r training/runs` begins anew. The data lies in ../shared/data beside the checkout.
set -euo pipefail
cd "$(dirname "$0")"
python=$(./setup.sh | tail -1)
$python train.py "$@"
$python export.py
