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
# What ships begins from that one, with half as many groups.
[ -e runs/smaller/model.safetensors ] || $python export.py runs/distil.pt --out runs/smaller
groups="q_groups=2 k_groups=2 v_groups=2 intermediate_groups=2 output_groups=2"
[ -e runs/grown.pt ] || $python grow.py grown --of runs/smaller --set $groups
$python train.py settle --start grown --name settle-large $kernel $groups --tokens "${SETTLE_LARGE_TOKENS:-18e6}"
[ -e runs/labelled-large ] || { $python label.py settle-large distil && touch runs/labelled-large; }
$python train.py distil --start settle-large --name distil-large $kernel $groups --tokens "${DISTIL_LARGE_TOKENS:-10e6}"
[ -e runs/averaged.pt ] || $python average.py averaged distil-large=0.6 grown=0.2 settle-large=0.2
# With what a large language model has written and judged; then once more, with sentences that the result has labelled.
$python train.py taught $kernel $groups --tokens "${TAUGHT_TOKENS:-9e6}" --share sentences=0 written=20 judged=24 semeval_tweets=10 tweet_extraction=3
[ -e runs/averaged-2.pt ] || $python average.py averaged-2 taught=0.5 averaged=0.5
[ -e runs/labelled-again ] || { $python label.py averaged-2 --sentences 140000 --linear 0.4 && touch runs/labelled-again; }
$python train.py taught --start averaged-2 --name taught-2 $kernel $groups --tokens "${TAUGHT_2_TOKENS:-6.5e6}"
[ -e runs/averaged-3.pt ] || $python average.py averaged-3 taught-2=0.5 averaged-2=0.5
# More of it, longer, and with less of the reviews as a whole.
shares="imdb_unsup=3 imdb_train=6 amazon5=8 sst5_phrases=10"
$python train.py taught --start averaged-3 --name taught-3 --seed 3 $kernel $groups --tokens "${TAUGHT_3_TOKENS:-14e6}" --average 0.998 \
    --share $shares written=55 judged=45 sentences=10 imdb_cad=4 sst5_sentences=12
$python train.py taught --start taught-3 --name taught-4 --seed 4 $kernel $groups --tokens "${TAUGHT_4_TOKENS:-25e6}" --rate 6e-4 --average 0.998 \
    --share $shares written=85 judged=50 sentences=6 imdb_cad=4 sst5_sentences=9 dynasent_r1_dev=4
[ -e runs/averaged-4.pt ] || $python average.py averaged-4 taught-4=0.5 averaged-3=0.25 averaged-2=0.25
$python train.py fit --seed 5 $kernel $groups
[ -e runs/four-layers.pt ] || $python average.py four-layers fit=0.5 averaged-4=0.5 --round
last=four-layers
# Where there is a GPU (TRAINING_PYTHON names the Python that knows it): a fifth layer, and 900 million tokens in minutes. docs/training-log.md
# says what the run that ships did otherwise.
if $python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    [ -e runs/four-layers/model.safetensors ] || $python export.py runs/four-layers.pt --out runs/four-layers
    [ -e runs/grown-5.pt ] || $python grow.py grown-5 --of runs/four-layers --set num_hidden_layers=5
    [ -e runs/bundle/plain.xz ] || $python bundle.py runs/bundle
    [ -e runs/bundle/opinions.xz ] || $python opinions.py runs/bundle averaged-4 taught-4
    [ -e runs/distil.gpu.pt ] || { $python gpu.py runs/bundle runs/gpu --part student --start runs/grown-5.pt --seconds settle=65 distil=190 && cp runs/gpu/distil.pt runs/distil.gpu.pt && cat runs/gpu/log.txt >> runs/log.txt; }
    [ -e runs/averaged-5.pt ] || $python average.py averaged-5 distil.gpu=0.7 grown-5=0.3
    $python train.py fit --start averaged-5 --name fit-5 --seed 6 $kernel $groups num_hidden_layers=5 --rate 3e-4 --share dynasent_r1_dev=10 semeval_tweets=16
    [ -e runs/five-layers.pt ] || $python average.py five-layers fit-5=0.25 averaged-5=0.75 --round
    # A teacher that grows out of that one, and all of it once more with what the teacher says.
    [ -e runs/fit.gpu-2.pt ] || { $python gpu.py runs/bundle runs/gpu-2 --start runs/five-layers.pt && cp runs/gpu-2/distil.pt runs/distil.gpu-2.pt && cp runs/gpu-2/fit.pt runs/fit.gpu-2.pt && sed 's/-gpu/-gpu-2/' runs/gpu-2/log.txt >> runs/log.txt; }
    [ -e runs/taught-by-eight.pt ] || $python average.py taught-by-eight fit.gpu-2=0.75 distil.gpu-2=0.25 --round
    last=taught-by-eight
fi
$python export.py runs/$last.pt
cd ..
node dist/quantize.js quantize training/runs/sentiment-en models/sentiment-en --dtype q8 --embeddings q4
cd training
$python export.py --fixture
$python curves.py pretrain settle distil settle-large distil-large taught taught-2 taught-3 taught-4 fit
