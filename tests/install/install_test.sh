#!/usr/bin/env bash
# Installs the build, then uses it as somebody would who has nothing else: programs without LD_LIBRARY_PATH, and the examples built
# against it. usage: install_test.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset LD_LIBRARY_PATH
die() { echo "install_test: $*" >&2; exit 1; }
# expect CODE TEXT COMMAND...: ends with the code and says the text.
expect() {
  local code=$1 text=$2 got=0
  shift 2
  "$@" >said 2>&1 || got=$?
  [ "$got" = "$code" ] || { cat said; die "$* ended with $got, not $code"; }
  grep -qF -- "$text" said || { cat said; die "$* did not say: $text"; }
}

cmake --install "$build" --prefix "$work/glid" --strip >install.log || { cat install.log; die "cmake --install failed"; }
export PATH=$work/glid/bin:$PATH

glid_data make-demo --layout coco --out demo --count 12 >/dev/null 2>&1 || die "glid_data make-demo failed"
cat >results.json <<'JSON'
[]
JSON
annotations=$(ls demo/annotations/instances_val*.json)
expect 0 "protocol coco" glid_eval --task box --results results.json --annotations "$annotations"
for file in bash-completion/completions/glid_data zsh/site-functions/_glid_data; do
  grep -qF make-demo "glid/share/$file" || die "share/$file does not complete make-demo"
done
if command -v help2man >/dev/null; then
  grep -q 'make.*-demo' glid/share/man/man1/glid_data.1 || die "the man page of glid_data does not tell of make-demo"
fi
if [ -x glid/bin/glid_train ]; then
  small=(--config configs/demo_pretrain.yaml --set "data={name: scenes, count: 40, size: 64, image_size: 64, workers: 0}"
         --set train.batch_size=4 --set train.steps=2 --set eval.every_steps=2 --set checkpoint.every_steps=2 --set log.pictures_every_steps=0
         --set optim.warmup_steps=1 --set train.threads=1)
  expect 0 "done: 2 steps" glid_train "${small[@]}" --out run
  expect 0 "done: 2 steps" glid_train "${small[@]}" --out ranks --nproc 2
  expect 0 "loss" glid_eval --checkpoint run
  expect 2 "GLID_LIBTORCH" env GLID_LIBTORCH=/nowhere glid_train --help-config
  expect 0 "Usage: glid_train" env GLID_LIBTORCH=/nowhere glid_train --help
  expect 0 "glid_train 0." env GLID_LIBTORCH=/nowhere glid_train --version
  expect 0 "LibTorch: torch 2.11 is needed" env GLID_LIBTORCH=/nowhere glid_train --env
  expect 0 "a stop (exit code 75)" env DEVICE=cpu "$source/scripts/gpu_check.sh" "$work/glid" "$work/check"
  grep -q "$(printf '%s %s' "$(date +%Y-)[-0-9]*" '[0-9:]* glid_train --config configs')" <(head -1 run/log.txt) || die "log.txt does not begin with the command"
fi

dead=$(cd glid/share/doc/glid && for page in $(find . -name '*.md'); do
  grep -oP '\]\(\K[^)#:]+(?=[)#])' "$page" | while read -r link; do [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"; done
done)
[ -z "$dead" ] || die "links of installed pages lead nowhere: $dead"

cmake -S "$source/examples" -B examples -DCMAKE_PREFIX_PATH="$work/glid" >configure.log 2>&1 || { cat configure.log; die "find_package(glid) failed"; }
cmake --build examples >build.log 2>&1 || { cat build.log; die "the examples do not build"; }
expect 0 "AP50" examples/evaluate_results results.json "$annotations"
expect 0 " at " examples/read_dataset demo
expect 3 "nowhere" examples/read_dataset nowhere
if [ -x glid/bin/glid_train ]; then
  expect 0 "channels" examples/encode_image run "$(find demo -name '*.jpg' | head -1)"
fi
