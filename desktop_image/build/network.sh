# shellcheck shell=bash
# Sourced by the steps that download: lets pip and npm trust what the building machine trusts. build/image mounts the
# machine's certificates here for the time of the build; nothing of it stays in the image.
machine_ca=/run/classdesk-build/ca.crt
if [[ -s $machine_ca ]]; then
  export PIP_CERT=$machine_ca SSL_CERT_FILE=$machine_ca NODE_EXTRA_CA_CERTS=$machine_ca
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
