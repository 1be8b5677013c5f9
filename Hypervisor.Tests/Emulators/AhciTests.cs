using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Hypervisor.Tests.Models.Ahci;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Images;
using Hypervisor.Tool.Setup;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Linux with a SATA disk and a CD-ROM behind the ahci mediator: without a rule as bare, and by rules.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed partial class AhciTests : IDisposable
{
    private const string Settings = LinuxBootOptions.DefaultConfiguration + "mediators = pci, ahci\n";
    private const int SectorSize = 512;
    private const int MiB = 1 << 20;
    private const int FirstEncrypted = 2048;

    // The kernel names disks in the order in which it is done with them: the port tells them apart.
    private const string Disk = "for s in /sys/block/sd*; do case $(readlink $s) in */ata2/*) echo /dev/${s##*/};; esac; done";
    private const string Optical = "/dev/sr0";
    private const string ForgetCaches = "sync; echo 3 > /proc/sys/vm/drop_caches";

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;
    private readonly string _folder = Directory.CreateTempSubdirectory("hv-ahci-").FullName;

    public AhciTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    private string Image => Path.Combine(_folder, "disk.img");

    private string OpticalImage => Path.Combine(_folder, "cd.img");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [DriveFact]
    public void A_file_system_and_a_disc_are_as_on_a_bare_machine()
    {
        string[] bare = UseFileSystem("test-ahci-bare", null, 16);
        string[] behind = UseFileSystem("test-ahci", Settings, 16);
        Assert.Equal(bare, behind);
    }

    [DriveFact]
    [Trait("Category", "Slow")]
    public void A_gibibyte_written_by_four_writers_reads_back_and_the_file_system_is_clean()
    {
        const int mebibytes = 1024;
        MakeImages(2 * mebibytes);
        using LinuxGuest guest = Boot("test-ahci-load", Settings);
        string disk = guest.Run(Disk);
        TimeSpan limit = TimeSpan.FromMinutes(8);
        guest.Run($"mke2fs -q {disk} > /dev/null && mount -t ext4 {disk} /mnt");
        guest.Run(
            $"for i in 1 2 3 4; do (dd if=/dev/urandom of=/mnt/$i bs=1M count={mebibytes / 4} 2> /dev/null; sha256sum /mnt/$i > /tmp/$i) & done; wait", limit);
        guest.Run($"umount /mnt && mount -t ext4 {disk} /mnt", limit);
        guest.Run("for i in 1 2 3 4; do sha256sum -c /tmp/$i > /tmp/check.$i 2>&1 & done; wait; ! grep -L OK /tmp/check.* | grep .", limit);
        guest.Run($"umount /mnt && e2fsck -f -n {disk}", limit);
        _output.WriteLine(guest.Run($"HV_SECRET='{LinuxBootOptions.DefaultSecret}' hvctl mediators; hvctl exits"));
        Assert.DoesNotContain("exception", guest.Run("dmesg | grep ata2"), StringComparison.Ordinal);
        guest.PowerOff();
    }

    [DriveFact]
    public void An_encrypted_disk_reads_back_and_holds_no_plaintext()
    {
        byte[] key = RandomNumberGenerator.GetBytes(64);
        MakeImages(64);
        string rules = $"ahci.rule = serial {SataDrive.UsualSerial(1)}, lba {FirstEncrypted}-: encrypt main\nahci.key = main, aes-xts-256, hex {Convert.ToHexString(key)}\n";
        byte[] content;
        using (LinuxGuest guest = Boot("test-ahci-encrypt", Settings + rules))
        {
            string disk = guest.Run(Disk);
            string expected = guest.Run("sha256sum < /bin/busybox");
            guest.Run($"dd if=/bin/busybox of={disk} bs=1M seek=1 conv=fsync; dd if=/bin/busybox of={disk} bs=512 count=64 conv=fsync; {ForgetCaches}");
            Assert.Equal(expected, guest.Run($"dd if={disk} bs=1M skip=1 2> /dev/null | head -c $(wc -c < /bin/busybox) | sha256sum"));
            guest.Run($"dd if=/dev/zero of={disk} bs=1M seek=16 count=32 conv=fsync; {ForgetCaches}", TimeSpan.FromMinutes(2)); // longer commands than the pool takes in one
            Assert.Equal($"{32 * MiB}", guest.Run($"dd if={disk} bs=1M skip=16 count=32 2> /dev/null | tr -dc '\\000' | wc -c"));
            _output.WriteLine(guest.Run($"HV_SECRET='{LinuxBootOptions.DefaultSecret}' hvctl mediators; hvctl exits"));
            Assert.DoesNotContain("exception", guest.Run("dmesg | grep ata2"), StringComparison.Ordinal);
            guest.PowerOff();
            content = File.ReadAllBytes(_linux.BusyBox);
        }

        using FileStream image = File.OpenRead(Image);
        using XtsModel cipher = new(key);
        byte[] first = Read(image, 0, 64 * SectorSize);
        byte[] encrypted = Read(image, FirstEncrypted * SectorSize, content.Length / SectorSize * SectorSize);
        Assert.Equal(content[..first.Length], first);
        Assert.Equal(content[..encrypted.Length], cipher.Decrypt(encrypted, FirstEncrypted, SectorSize));
        byte[] zeros = Read(image, 16 * MiB, 32 * MiB);
        Assert.Equal(zeros.Length / SectorSize, zeros.Chunk(SectorSize).Select(Convert.ToHexString).Distinct().Count());
    }

    [DriveFact]
    public void Nothing_changes_a_read_only_disk_and_errors_come_at_once()
    {
        MakeImages(32);
        byte[] before = SHA256.HashData(File.ReadAllBytes(Image));
        using LinuxGuest guest = Boot("test-ahci-readonly", Settings + $"ahci.rule = serial {SataDrive.UsualSerial(1)}: readonly\n");
        string disk = guest.Run(Disk);
        long start = guest.RunNumber("date +%s");
        guest.Run($"! dd if=/bin/busybox of={disk} bs=4k count=1 conv=fsync");
        guest.Run($"! dd if=/bin/busybox of={disk} bs=64k count=16 seek=8 conv=fsync");
        guest.Run($"blkdiscard {disk}; blkdiscard -z {disk}; mke2fs -q {disk}; sync; {ForgetCaches}");
        Assert.InRange(guest.RunNumber("date +%s") - start, 0, 30);
        string read = guest.Run($"sha256sum < {disk}");
        Assert.StartsWith(Convert.ToHexStringLower(before), read, StringComparison.Ordinal);
        Assert.Contains("ABRT", guest.Run("dmesg | grep ata2"), StringComparison.Ordinal);
        Assert.DoesNotContain("timeout", guest.Run("dmesg | grep ata2"), StringComparison.Ordinal);
        _output.WriteLine(guest.Run($"HV_SECRET='{LinuxBootOptions.DefaultSecret}' hvctl mediators"));
        guest.PowerOff();
        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(Image)));
    }

    [DriveFact]
    [Trait("Category", "Slow")]
    public void An_encrypted_disk_goes_on_after_sleep_under_load()
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        MakeImages(256);
        string rules = $"ahci.rule = serial {SataDrive.UsualSerial(1)}: encrypt main\nahci.key = main, aes-xts-128, hex {Convert.ToHexString(key)}\n";
        using LinuxGuest guest = Boot("test-ahci-sleep", LinuxBootOptions.DefaultConfiguration + rules);
        string disk = guest.Run(Disk);
        guest.Run($"mke2fs -q {disk} > /dev/null && mount -t ext4 {disk} /mnt");
        guest.Run("(for i in 1 2 3 4 5 6; do dd if=/dev/urandom of=/mnt/$i bs=1M count=24 conv=fsync 2> /dev/null; sha256sum /mnt/$i >> /tmp/sums; done; touch /tmp/done) & true");
        for (int i = 0; i < 2; i++)
        {
            guest.Run("echo 0 > /sys/class/rtc/rtc0/wakealarm; echo +4 > /sys/class/rtc/rtc0/wakealarm; echo mem > /sys/power/state", TimeSpan.FromMinutes(2));
        }

        guest.Run("while [ ! -e /tmp/done ]; do sleep 1; done", TimeSpan.FromMinutes(5));
        guest.Run($"umount /mnt && mount -t ext4 {disk} /mnt && sha256sum -c /tmp/sums && umount /mnt && e2fsck -f -n {disk}", TimeSpan.FromMinutes(5));
        _output.WriteLine(guest.Run($"HV_SECRET='{LinuxBootOptions.DefaultSecret}' hvctl mediators; dmesg | grep ata2"));
        guest.PowerOff();
    }

    private static byte[] Read(FileStream image, long at, int length)
    {
        byte[] bytes = new byte[length];
        image.Position = at;
        image.ReadExactly(bytes);
        return bytes;
    }

    // The time of a line, and the name of a disk, which depends on who was first.
    [GeneratedRegex(@"\[ *\d+\.\d+\] |\[sd[a-z]\] ")]
    private static partial Regex Chance();

    /// <summary>Makes a file system, writes to it, reads back, checks it, and reads the disc.</summary>
    /// <returns>What the guest says that does not depend on the time.</returns>
    private string[] UseFileSystem(string name, string? configuration, int mebibytes)
    {
        MakeImages(2 * mebibytes);
        using LinuxGuest guest = Boot(name, configuration);
        string disk = guest.Run(Disk);
        guest.Run($"mke2fs -q {disk} > /dev/null && mount -t ext4 {disk} /mnt");
        guest.Run($"dd if=/dev/urandom of=/mnt/file bs=1M count={mebibytes}; cp -r /bin /sys/kernel/notes /mnt; (cd /mnt; sha256sum file bin/* > /tmp/sums)", TimeSpan.FromMinutes(2));
        guest.Run($"umount /mnt && mount -t ext4 {disk} /mnt && (cd /mnt && sha256sum -c /tmp/sums) && umount /mnt && e2fsck -f -n {disk}", TimeSpan.FromMinutes(2));
        string disc = guest.Run($"dd if={Optical} bs=64k 2> /dev/null | sha256sum");
        Assert.StartsWith(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(OpticalImage))), disc, StringComparison.Ordinal);
        string words = guest.Run("dmesg | grep -E 'ata[0-9]|ahci|sd [0-9]|sr [0-9]'");
        _output.WriteLine(configuration == null ? words : guest.Run($"HV_SECRET='{LinuxBootOptions.DefaultSecret}' hvctl mediators; hvctl exits"));
        guest.PowerOff();
        return [.. words.Split('\n').Select(line => Chance().Replace(line, string.Empty).Trim()).Order(StringComparer.Ordinal)];
    }

    private LinuxGuest Boot(string name, string? configuration)
    {
        LinuxBootOptions options = _linux.Options(name, hypervisor: configuration != null);
        LinuxGuest guest = _linux.Boot(options with
        {
            Configuration = configuration ?? options.Configuration,
            RootFiles = [.. options.RootFiles, GuestFile.FromHost("bin/e2fsck", GuestParts.GetFileSystemCheck(_linux.Workspace), executable: true)],
            Machine = (QemuOptions)options.Machine with
            {
                Drives = [new SataDrive(Image, SataDrive.UsualSerial(1)), new SataDrive(OpticalImage, SataDrive.UsualSerial(2), IsOptical: true)],
            },
        });
        guest.Run("mkdir -p /mnt");
        return guest;
    }

    private void MakeImages(int mebibytes)
    {
        using (FileStream image = new(Image, FileMode.Create))
        {
            image.SetLength((long)mebibytes * MiB);
            image.Write(RandomNumberGenerator.GetBytes(MiB));
        }

        File.WriteAllBytes(OpticalImage, RandomNumberGenerator.GetBytes(3 * MiB));
    }
}
