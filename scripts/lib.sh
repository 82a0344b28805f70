# What the launcher, scripts/setup and scripts/test share. Sourced by bash; HARDVIEWS_HOME is the checkout.
# shellcheck shell=bash
# Everything that is said here goes to standard error: standard output belongs to the program.

libtorch_version=2.13.0
debian_packages=(
  libjpeg62-turbo-dev libspng-dev libwebp-dev libtiff-dev libgif-dev libstb-dev zlib1g-dev libarchive-dev libcairo2-dev
  libjemalloc-dev libsqlite3-dev pkg-config dataset-fashion-mnist
)

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/hardviews
libtorch=$HARDVIEWS_HOME/.dependencies/libtorch
program=$HARDVIEWS_HOME/.build/release/hardviews
stamp=$HARDVIEWS_HOME/.build/hardviews.stamp

say() { printf 'hardviews: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# timed WHAT COMMAND…: runs the command and says how long it took. A failure ends the script: never write `timed … ||`.
timed() {
  local what=$1 start=$SECONDS
  shift
  "$@"
  say "$what: $((SECONDS - start)) s"
}

free_megabytes() { df --output=avail --block-size=1M "$1" | tail -n 1; }

# Tools and Debian packages

check_tools() {
  command -v swift >/dev/null ||
    fail "Swift is missing: there is no 'swift' on the PATH. Install Swift 6.3 or later from swift.org."
  has_libtorch || [[ -n ${LIBTORCH_ROOT:-} || -n $(cached_libtorch) ]] || python3 -m pip --version >/dev/null 2>&1 ||
    fail "pip is missing: 'python3 -m pip' does not run. Install it with: sudo apt-get install python3-pip"
}

# as_root COMMAND…: runs the command as root, or fails where that would need a password.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

install_debian_packages() {
  local package missing=()
  command -v dpkg-query >/dev/null || {
    say "This is no Debian system; these packages' counterparts must be installed: ${debian_packages[*]}"
    return
  }
  for package in "${debian_packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
    fail "Missing Debian packages: ${missing[*]}. Install them with: sudo apt-get install ${missing[*]}"
  fi
  say "Installing Debian packages: ${missing[*]}"
  timed "Debian packages" apt_install "${missing[@]}"
}

apt_install() {
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update >&2 || say "apt-get update failed; going on with the lists that are there."
  "${apt[@]}" install --no-install-recommends "$@" >&2 ||
    fail "apt-get could not install $*; its messages are above."
}

# libtorch: one folder for each build of the wheel in the per-user cache, and a link to it in the checkout

is_libtorch() { [[ -e $1/lib/libtorch_cpu.so && -e $1/include/ATen/ATen.h ]]; }

# Whether the checkout's link leads to a libtorch of the right version, or to one that the user chose.
has_libtorch() {
  is_libtorch "$libtorch" || return
  case $(readlink -f "$libtorch") in
    */hardviews/torch-"$libtorch_version"[+/]*) return 0 ;;
    */hardviews/torch-*) return 1 ;;
  esac
}

# The build that was installed last, of those that are whole.
cached_libtorch() {
  local folder newest=
  for folder in "$cache/torch-$libtorch_version"{,+*}; do
    if is_libtorch "$folder/torch" && [[ $folder -nt $newest ]]; then newest=$folder; fi
  done
  [[ -z $newest ]] || printf '%s\n' "$newest/torch"
}

provide_libtorch() {
  local root=${LIBTORCH_ROOT:-}
  if [[ -n $root ]]; then
    is_libtorch "$root" || fail "LIBTORCH_ROOT: no lib/libtorch_cpu.so and include/ATen/ATen.h in $root"
    root=$(readlink -f "$root")
  elif has_libtorch; then
    return
  else
    [[ -n $(cached_libtorch) ]] || install_libtorch
    root=$(cached_libtorch)
  fi
  [[ $(readlink "$libtorch") == "$root" ]] || link_libtorch "$root"
}

link_libtorch() {
  mkdir -p "${libtorch%/*}"
  ln -sfn "$1" "$libtorch.$$"
  mv -T "$libtorch.$$" "$libtorch"
  say "libtorch: $1"
}

# Whether libtorch should be able to use a GPU: where there is an NVIDIA driver, or as HARDVIEWS_CUDA says (0 or 1).
wants_cuda() { [[ ${HARDVIEWS_CUDA:-$([[ -e /dev/nvidiactl ]] && echo 1)} == 1 ]]; }

# Installs the wheel that pip chooses into the cache, unless another set-up just did.
install_libtorch() {
  local before
  before=$(cached_libtorch)
  mkdir -p "$cache" || fail "The cache folder $cache cannot be made; XDG_CACHE_HOME names another place for it."
  {
    flock -n 9 || {
      say "Another set-up is installing libtorch; waiting for it."
      flock 9
    }
    rm -rf "$cache"/partial.*
    [[ $(cached_libtorch) != "$before" ]] || timed "libtorch" install_wheels
  } 9>"$cache/lock"
}

install_wheels() {
  local partial name missing needed=1000
  if wants_cuda; then needed=8000; fi
  (($(free_megabytes "$cache") >= needed)) ||
    fail "No space left: libtorch needs 1 GB (CPU build), 2.5 GB (CUDA build) or 8 GB (CUDA build with the libraries" \
      "of a GPU, HARDVIEWS_CUDA=0 does without) in $cache; XDG_CACHE_HOME moves it."
  say "Installing libtorch $libtorch_version from the torch wheel that pip chooses: about 200 MB to fetch (CPU build)," \
    "530 MB (ordinary CUDA build) or 3 GB (CUDA build for a GPU); a minute or a few."
  partial=$(mktemp -d "$cache/partial.XXXXXX")
  # shellcheck disable=SC2064 # The folder's name is wanted as it is now.
  trap "rm -rf '$partial'" EXIT
  if wants_cuda; then
    pip_install "$partial" "torch==$libtorch_version"
  else
    # The package that torchrun needs comes along.
    pip_install "$partial" --no-deps "torch==$libtorch_version" typing_extensions
  fi
  # A CUDA build needs two small libraries to load at all, from wheels that its metadata names through cuda-toolkit.
  if [[ $(missing_libraries "$partial") == *libcu* ]]; then
    pip_install "$partial" "$(sed -n 's/^Requires-Dist: cuda-toolkit\[.*\]==\([^; ]*\).*/cuda-toolkit[cudart,cupti]==\1/p' \
      "$partial/torch-$libtorch_version"*.dist-info/METADATA)"
  fi
  missing=$(missing_libraries "$partial")
  [[ -z $missing ]] || fail "This torch wheel does not load on this machine: $missing"
  name=torch-$(sed -n "s/^__version__ = '\(.*\)'/\1/p" "$partial/torch/version.py")
  rm -rf "$partial/temporary"
  is_libtorch "$cache/$name/torch" || rm -rf "${cache:?}/$name"
  mv -T "$partial" "$cache/$name" 2>/dev/null || rm -rf "$partial"  # It is there already: other checkouts use it.
  touch "$cache/$name"
}

missing_libraries() {
  local libraries=("$1/torch/lib/libtorch_cpu.so")
  if wants_cuda && [[ -e $1/torch/lib/libtorch_cuda.so ]]; then libraries+=("$1/torch/lib/libtorch_cuda.so"); fi
  ldd "${libraries[@]}" | sed -n 's/^\s*\(.*\) => not found.*/\1/p' | sort -u | xargs
}

# pip_install FOLDER ARGUMENT…: pip's own settings and variables hold. Its temporary files go where they are swept.
pip_install() {
  local folder=$1
  shift
  mkdir -p "$folder/temporary"
  TMPDIR=$folder/temporary PIP_ROOT_USER_ACTION=ignore PIP_USER=0 python3 -m pip install --no-compile \
    --target "$folder" --log "$folder/temporary/log" "$@" >&2 &&
    return
  if grep -q 'No space left' "$folder/temporary/log" || (($(free_megabytes "$cache") < 100)); then
    fail "No space left in $cache for libtorch (1 GB, 2.5 GB for a CUDA build, 8 GB with the libraries of a GPU); XDG_CACHE_HOME moves it."
  fi
  fail "pip could not install $*; its messages are above. Nothing was left behind."
}

# The build

# What the compiled code is for: this processor, this libtorch, this place.
fingerprint() {
  printf '%s\n' "$HARDVIEWS_HOME" "$(readlink -f "$libtorch")" "${HARDVIEWS_TARGET_CPU:-$(processor)}"
}

processor() { grep -E '^(model name|flags|CPU part|Features)' /proc/cpuinfo | sort -u | cksum; }

# adopt_build_folder PACKAGE [FOLDER]: sweeps a build folder if it was filled for another processor, libtorch or place:
# SwiftPM cannot tell.
adopt_build_folder() {
  local folder=${2:-$1/.build}
  local mark=$folder/fingerprint
  [[ -f $mark && $(<"$mark") == "$(fingerprint)" ]] && return
  if [[ -f $mark ]]; then
    say "The build in $folder was made for another processor, libtorch or folder; building anew."
    swift package --package-path "$1" --scratch-path "$folder" clean >&2
  fi
  mkdir -p "$folder"
  fingerprint >"$mark"
}

is_current() {
  [[ -x $program && -f $stamp && -e $libtorch/lib/libtorch_cpu.so ]] &&
    [[ ${LIBTORCH_ROOT:-$libtorch}/lib -ef $libtorch/lib ]] &&
    [[ $(<"$stamp") == "$(fingerprint)" ]] &&
    [[ -z $(find "$HARDVIEWS_HOME"/{Package.swift,Plugins,Sources,scripts/lib.sh} -newercm "$stamp" -print -quit) ]]
}

set_up() {
  check_tools
  install_debian_packages
  provide_libtorch
  adopt_build_folder "$HARDVIEWS_HOME"
}

build_program() {
  [[ -x $program ]] || say "Building (release): a few minutes the first time; later calls start at once."
  fingerprint >"$stamp.$$"
  timed "build" swift_build -c release --product hardviews >&2
  mv "$stamp.$$" "$stamp"
}

swift_build() {
  swift build --package-path "$HARDVIEWS_HOME" "$@" && return
  (($(free_megabytes "$HARDVIEWS_HOME") >= 100)) || fail "No space left in $HARDVIEWS_HOME for the build."
  fail "The build failed; its messages are above."
}
