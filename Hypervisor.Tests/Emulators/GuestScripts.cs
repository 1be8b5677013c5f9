using System.Collections.Generic;
using Hypervisor.Tool.Images;

namespace Hypervisor.Tests.Emulators;

/// <summary>Shell scripts and programs that the tests run in their guests.</summary>
internal static class GuestScripts
{
    /// <summary>Prints what the kernel found, section by section; see <see cref="MachineFacts"/>.</summary>
    internal const string Facts = "sh /test/facts.sh";

    /// <summary>Takes a processor offline and online: processor, times. Prints how often both worked.</summary>
    internal const string Hotplug = "sh /test/hotplug.sh";

    /// <summary>Takes all processors but the first offline and online, each in a loop of its own: number of processors, times.</summary>
    internal const string HotplugAll = "sh /test/hotplug-all.sh";

    /// <summary>Reads a range of physical memory and writes to it: first address, size. Prints the bytes that were not zero before and after.</summary>
    internal const string PhysicalMemory = "sh /test/memory.sh";

    /// <summary>What hvctl says of exits where no hypervisor answers.</summary>
    internal const string NoAnswer = "hvctl: no hypervisor answers those who have no secret";

    /// <summary>All files, for the guest's root.</summary>
    internal static IReadOnlyList<GuestFile> Files { get; } =
    [
        GuestFile.FromText("test/facts.sh", FactsText),
        GuestFile.FromText("test/hotplug.sh", HotplugText),
        GuestFile.FromText("test/hotplug-all.sh", HotplugAllText),
        GuestFile.FromText("test/memory.sh", MemoryText),
        new GuestFile("bin/svmtry", SvmTryProgram.Write(), Executable: true),
    ];

    private const string FactsText = """
        dmesg -r > /tmp/dmesg
        echo '## online'
        cat /sys/devices/system/cpu/online
        echo '## cpuinfo'
        cat /proc/cpuinfo
        echo '## pci'
        for device in /sys/bus/pci/devices/*; do
            echo "${device##*/}"
            hexdump -v -n 64 -e '16/1 "%02x " "\n"' $device/config
        done
        echo '## e820'
        grep BIOS-e820 /tmp/dmesg
        echo '## efi'
        grep 'efi: mem' /tmp/dmesg
        echo '## warnings'
        grep '^<[0-4]>' /tmp/dmesg
        echo '## svmtry'
        svmtry
        """;

    private const string HotplugText = """
        file=/sys/devices/system/cpu/cpu$1/online
        done=0
        i=0
        while [ $i -lt $2 ]; do
            i=$((i + 1))
            echo 0 > $file && [ $(cat $file) = 0 ] && echo 1 > $file && [ $(cat $file) = 1 ] && done=$((done + 1))
        done
        echo $done
        """;

    private const string HotplugAllText = """
        processor=1
        while [ $processor -lt $1 ]; do
            sh /test/hotplug.sh $processor $2 > /tmp/hotplug-$processor &
            processor=$((processor + 1))
        done
        wait
        cat /tmp/hotplug-*
        """;

    // Writes of every width, by copying and through a mapping, at the beginning, inside and at the end; "size" is a multiple of a page.
    private const string MemoryText = """
        base=$1
        size=$2
        count() {
            dd if=/dev/mem bs=4096 skip=$((base / 4096)) count=$((size / 4096)) of=/tmp/memory 2> /dev/null
            echo "read $(wc -c < /tmp/memory) of which $(tr -d '\000' < /tmp/memory | wc -c)"
        }
        count
        for at in $base $((base + size / 2)) $((base + size - 4096)); do
            for width in 1 2 4 8 16; do
                printf 'sixteen-bytes-!!' | dd of=/dev/mem bs=$width seek=$((at / width)) conv=notrunc 2> /dev/null || echo "dd $width failed"
            done
            dd if=/dev/urandom of=/dev/mem bs=4096 count=1 seek=$((at / 4096)) conv=notrunc 2> /dev/null || echo "dd of a page failed"
            for width in 8 16 32 64; do
                devmem $((at + 64)) $width 0x5A || echo "devmem $width failed"
                devmem $((at + 64)) $width
            done
        done
        count
        """;
}
