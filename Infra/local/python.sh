# Sourced: sets $python, and installs it from Debian when it is missing.
if [ -x /usr/bin/python3 ]; then
  python=/usr/bin/python3
elif ! python=$(command -v python3); then
  echo "python3 is missing, installing it from Debian"
  if [ "$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; else
    echo "python3 is missing and there is neither root nor sudo: install the package python3, then try again" >&2
    exit 1
  fi
  $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends python3
  python=/usr/bin/python3
fi
export PYTHONDONTWRITEBYTECODE=1
