# Parts of scripts/bench-views and scripts/bench-step: the Python environment of what is compared with. Sourced by them.
# shellcheck shell=bash disable=SC2154
requirements=$HARDVIEWS_HOME/Benchmarks/requirements.txt
photos_script=$HARDVIEWS_HOME/scripts/bench_photos.py
python_version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
environment=$cache/bench-python$python_version-$(cat "$requirements" "$photos_script" | cksum | cut -d ' ' -f 1)

# Fills the environment, which is there only when it is whole.
install_environment() {
  local partial=$environment.partial
  say "Installing what is compared with (about 450 MB) into $environment"
  rm -rf "$partial"
  mkdir "$partial"
  pip_install "$partial" --no-deps "$(grep '^torchvision' "$requirements")"
  grep -v '^torchvision' "$requirements" >"$partial/requirements"
  pip_install "$partial" -r "$partial/requirements"
  python3 -m pip download --quiet --no-deps --only-binary :all: -d "$partial/wheels" foolbox==3.3.4 scikit-learn >&2 ||
    fail "pip could not fetch the wheels with the photographs; its messages are above."
  PYTHONPATH=$partial python3 "$photos_script" "$partial/wheels" "$partial/images"
  rm -rf "$partial"/{temporary,wheels,requirements}
  mv -T "$partial" "$environment"
}

# The torch that libtorch comes from, or an own one where that does not run under Python.
find_torch() {
  torch=$(dirname "$(readlink -f "$libtorch")")
  PYTHONPATH=$environment:$torch python3 -c 'import torch' 2>/dev/null && return
  torch=$environment-torch
  [[ -d $torch ]] && return
  rm -rf "$torch.partial"
  pip_install "$torch.partial" "torch==$libtorch_version"
  mv -T "$torch.partial" "$torch"
}

# Everything that both need, unless it is there; says where torch is in $torch.
provide_environment() {
  check_tools
  install_debian_packages
  provide_libtorch
  mkdir -p "$cache"
  {
    flock 9  # Another run may be installing the same.
    [[ -d $environment ]] || timed "environment" install_environment
    find_torch
  } 9>"$cache/bench.lock"
}
