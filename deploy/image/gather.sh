# Copies git, ssh and the libraries that they load to the folder $1, where a root without a package manager has them.
set -eu
programs='/usr/bin/git /usr/bin/ssh /usr/lib/git-core/git-remote-http'
mkdir -p "$1/usr/bin" "$1/usr/lib/git-core"
cp /usr/bin/git /usr/bin/ssh "$1/usr/bin/"
cp /usr/lib/git-core/git-remote-http "$1/usr/lib/git-core/"
ln -s git-remote-http "$1/usr/lib/git-core/git-remote-https"
ln -s ../../bin/git "$1/usr/lib/git-core/git"
# The C library is the base's own.
ldd $programs | awk '$2 == "=>" { print $3 }' | sort -u \
    | grep -vE '/(libc|libm|libdl|libpthread|librt|libresolv)\.so' \
    | while read -r library; do
        place="$1/usr/lib/${library#*/lib/}"
        mkdir -p "$(dirname "$place")"
        cp -L "$library" "$place"
    done
strip --strip-unneeded "$1/usr/bin/git" "$1/usr/bin/ssh" "$1/usr/lib/git-core/git-remote-http"
