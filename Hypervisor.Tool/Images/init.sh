#!/bin/busybox sh
# The guest's first process: mounts, loads modules, says what it sees, then runs the command it was given or offers a prompt.
# Lines that begin with "hv:" are read by the workbench; see GuestMarkers.cs.
export PATH=/bin:/sbin HOME=/root TERM=vt100 PS1='hv# '
/bin/busybox mkdir -p /proc /sys /dev /tmp /root /sbin
/bin/busybox --install -s /bin
cd /root
# So that hvctl needs no option here.
[ -f /hv-secret ] && export HV_SECRET="$(cat /hv-secret)"

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmpfs /tmp

while read -r module; do
    insmod "/lib/modules/$module" || echo "hv: module $module was not loaded"
done < /lib/modules/load-order

variables=none
if mount -t efivarfs efivarfs /sys/firmware/efi/efivars 2>/dev/null; then
    # Listing takes GetNextVariableName, reading takes GetVariable: both runtime services must work.
    set -- /sys/firmware/efi/efivars/*
    if cat /sys/firmware/efi/efivars/BootOrder-* > /dev/null 2>&1; then variables="$# (readable)"; else variables="$# (NOT readable)"; fi
fi

echo
echo "hv: kernel      $(uname -r)"
echo "hv: processors  $(grep -c ^processor /proc/cpuinfo) ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1))"
echo "hv: memory      $(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024)) MiB"
echo "hv: efivars     $variables"
# Exits of the hypervisor by cause and processor; without it, one line that says so.
hvctl exits > /tmp/exits 2>&1
sed 's/^/hv: /' /tmp/exits
echo "hv: ready after $(cut -d ' ' -f 1 /proc/uptime) s of kernel time"

if [ -f /hv-cmd ]; then
    sh /hv-cmd
    echo "hv: command ended with $?"
    sync
    poweroff -f
fi

echo "hv: type 'exit' or 'poweroff -f' to power off"
# A session of its own with the console as controlling terminal, so that Ctrl-C interrupts what runs in it.
setsid cttyhack sh
sync
poweroff -f
