#!/usr/bin/env bash
# All stages one after the other, each of which resumes after an interruption: training/train.sh. `rm -r training/runs` begins
# anew. The data lies in ../shared/data beside the checkout. README.md says what each stage does and takes.
set -euo pipefail
cd "$(dirname "$0")"
python=$(./setup.sh | tail -1)
[ -e runs/corpus.pt ] || $python corpus.py
[ -e runs/augmented.pt ] || $python augment.py
[ -e runs/teacher.pt ] || $python teacher.py
kernel="--set intermediate_kernel=3"
$python train.py pretrain $kernel --tokens "${PRETRAIN_TOKENS:-98e6}"
$python train.py finetune $kernel --tokens "${FINETUNE_TOKENS:-10e6}"
[ -e runs/labelled.pt ] || $python label.py finetune
$python train.py settle $kernel --tokens "${SETTLE_TOKENS:-20e6}"
$python train.py distil --start settle $kernel --tokens "${DISTIL_TOKENS:-14e6}"
$python export.py runs/distil.pt
cd ..
node dist/quantize.js quantize training/runs/sentiment-en models/sentiment-en --dtype q8
cd training
$python export.py --fixture
$python curves.py pretrain settle distil
