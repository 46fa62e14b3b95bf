#!/usr/bin/env bash
# All stages one after the other, each of which resumes after an interruption: training/train.sh. `rm -r training/runs` begins
# anew. The data lies in ../shared/data beside the checkout. README.md says what each stage does and takes.
set -euo pipefail
cd "$(dirname "$0")"
python=$(./setup.sh | tail -1)
[ -e runs/corpus.pt ] || $python corpus.py
[ -e runs/augmented.pt ] || $python augment.py
[ -e runs/teacher.pt ] || $python teacher.py
$python train.py pretrain --tokens "${PRETRAIN_TOKENS:-200e6}"
$python train.py finetune --tokens "${FINETUNE_TOKENS:-15e6}"
$python export.py
