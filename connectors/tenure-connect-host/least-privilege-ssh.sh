#!/bin/sh
# Makes the account `tenure` that Tenure logs in to this machine as, for SFTP alone and for reading alone.
# Run it as root on the machine that is to be read, with the public half of Tenure's key:
#   sh least-privilege-ssh.sh 'ssh-ed25519 AAAA… tenure'
# The account has no password, and its key opens neither a shell nor a forwarding, and `sftp-server -R` refuses every write.
#
# By default it reads what everybody may read: accounts, services, jobs, and no other home. To read everything, SCOPE=all
# lets a copy of sftp-server that only this account can run pass over the permission to read (CAP_DAC_READ_SEARCH). Weigh
# it: whoever has Tenure's key can then read every file of this machine.
set -eu
KEY=${1:?give the public key as one argument}
SERVER=/usr/lib/openssh/sftp-server
[ -x "$SERVER" ] || SERVER=/usr/libexec/openssh/sftp-server
[ -x "$SERVER" ] || { echo "no sftp-server found" >&2; exit 1; }
id tenure >/dev/null 2>&1 || useradd --system --create-home --home-dir /var/lib/tenure-read --shell /bin/sh tenure
usermod --password '*' tenure
HOME_OF=$(getent passwd tenure | cut -d: -f6)
if [ "${SCOPE:-everybody}" = all ]; then
  install -d -o root -g tenure -m 0750 /usr/local/libexec/tenure
  install -o root -g tenure -m 0750 "$SERVER" /usr/local/libexec/tenure/sftp-server
  setcap cap_dac_read_search=ep /usr/local/libexec/tenure/sftp-server
  SERVER=/usr/local/libexec/tenure/sftp-server
fi
# The key file belongs to root: what logs in with the key cannot change what the key may do.
install -d -o root -g tenure -m 0750 "$HOME_OF/.ssh"
printf 'restrict,command="%s -R" %s\n' "$SERVER" "$KEY" > "$HOME_OF/.ssh/authorized_keys"
chown root:tenure "$HOME_OF/.ssh/authorized_keys"
chmod 0640 "$HOME_OF/.ssh/authorized_keys"
echo "To go on: tenure source add NAME ssh://tenure@$(hostname) --option key-file=/path/to/the/private/key"
