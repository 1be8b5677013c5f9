using System;
using System.IO;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Images;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>hvctl on Linux.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class LinuxControlTests
{
    private const string Secret = "open sesame, please";
    private const string Variables = "/sys/firmware/efi/efivars";
    private const string GlobalVendor = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
    private const long PartitionBytes = 40L << 20;

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public LinuxControlTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void Whoever_has_the_secret_is_told_on_every_processor()
    {
        using LinuxGuest guest = _linux.Boot(_linux.Options("test-control", hypervisor: true));
        string status = Say(guest, "hvctl status");
        Assert.Contains("processors    2, AMD-V", status, StringComparison.Ordinal);
        Assert.Contains("guest         operating system", status, StringComparison.Ordinal);
        (ulong first, ulong last) = Assert.Single(guest.Launches);
        Assert.Contains($"memory        0x{first:X} to 0x{last:X}", status, StringComparison.Ordinal);
        foreach (string mask in (string[])["1", "2"])
        {
            Assert.Contains("an operating system has taken over", Say(guest, $"taskset {mask} hvctl log"), StringComparison.Ordinal);
        }

        // Two at once use up each other's numbers where they meet on a processor; all must get through. Such meetings are counted, in the log too, so a later reader may find a line more.
        Assert.Equal(
            "compared",
            Say(guest, "for i in 1 2 3 4 5; do hvctl log > /tmp/a$i & done; for i in 1 2 3 4 5; do wait %$i || echo lost; done; "
                + "for i in 1 2 3 4 5; do grep -q 'taken over' /tmp/a$i || echo cut; cmp /tmp/a1 /tmp/a$i 2>&1 | grep -v EOF; done; echo compared"));
        Assert.StartsWith("processor ", Say(guest, "hvctl exits"), StringComparison.Ordinal);
        Assert.True(long.Parse(Say(guest, "hvctl exits --total"), System.Globalization.CultureInfo.InvariantCulture) > 1000);

        // For tests, where the configuration says so, nobody needs a secret for exits.
        Assert.True(long.Parse(Say(guest, "HV_SECRET= hvctl exits --total"), System.Globalization.CultureInfo.InvariantCulture) > 1000);
        Assert.Equal("4", Say(guest, "hvctl status --secret 'not the secret' 2> /dev/null; echo $?"));
        Assert.Equal("2", Say(guest, "HV_SECRET= hvctl log 2> /dev/null; echo $?"));
        Assert.Equal("2", Say(guest, "hvctl log --nonsense 2> /dev/null; echo $?"));
        Say(guest, "echo 'not the secret' > /tmp/wrong; for i in 1 2 3 4 5 6 7; do hvctl status --secret-file /tmp/wrong 2> /dev/null; done; true");
        Assert.Contains("8 hypercalls with a wrong code so far", Say(guest, "hvctl log"), StringComparison.Ordinal);
        Assert.True(long.Parse(Say(guest, "hvctl status | sed -n 's/refused calls //p'"), System.Globalization.CultureInfo.InvariantCulture) >= 8);
        guest.PowerOff();
    }

    [EmulatorFact]
    public void An_installation_from_Linux_outlives_reboots_until_it_is_taken_back()
    {
        LinuxBootOptions options = _linux.Options("test-linux-install", hypervisor: false);
        string disk = Path.Combine(_linux.Workspace.Runs, "gpt.img");
        Directory.CreateDirectory(_linux.Workspace.Runs);
        GuestFile image = GuestFile.FromHost("hv.efi", _linux.Workspace.HypervisorImage);
        GptImage.Create(disk, PartitionBytes, [image with { Path = "EFI/hv/hv.efi" }, GuestFile.FromText("EFI/hv/hv.cfg", $"secret = {Secret}\n")]);
        try
        {
            using LinuxGuest guest = _linux.Boot(options with
            {
                DiskFiles = [image],
                Machine = (QemuOptions)options.Machine with
                {
                    ExtraArguments = ["-drive", $"if=none,id=gpt,format=raw,file={disk}", "-device", "nvme,drive=gpt,serial=hv"],
                },
            });
            Reinstall(guest);
            guest.PowerOff();
        }
        finally
        {
            File.Delete(disk);
        }
    }

    private void Reinstall(LinuxGuest guest)
    {
        // An entry that is somebody else's, and not active: it must be there in the end.
        Say(guest, $@"printf '\007\0\0\0\0\0\0\0\004\0o\0\0\0\177\377\004\0' > {Variables}/Driver0000-{GlobalVendor}");
        Say(guest, $@"printf '\007\0\0\0\0\0' > {Variables}/DriverOrder-{GlobalVendor}");
        Assert.Equal("not installed", Say(guest, "hvctl status-boot"));
        Assert.Equal("3", Say(guest, $"hvctl status --secret '{Secret}' 2> /dev/null; echo $?"));

        string installed = Say(guest, $@"hvctl install --boot-device --path '\hv.efi' --options 'serial = com2; secret = {Secret}'");
        Assert.StartsWith("installed: Driver0001, ", installed, StringComparison.Ordinal);
        Assert.Equal("010000000000", Say(guest, $"tail -c +5 {Variables}/DriverOrder-{GlobalVendor} | hexdump -v -e '/1 \"%02x\"'").PadRight(12, '0'));
        guest.Reboot("efi");
        Assert.Contains("configuration: load options", Say(guest, $"hvctl log --secret '{Secret}'"), StringComparison.Ordinal);
        Assert.Single(guest.Launches);

        // Now from the system partition of another disk, named by its GUID.
        Say(guest, "mount -t vfat /dev/nvme0n1p1 /mnt 2> /dev/null || { mkdir -p /mnt && mount -t vfat /dev/nvme0n1p1 /mnt; }");
        installed = Say(guest, "hvctl install /mnt/EFI/hv/hv.efi");
        Assert.Equal($@"installed: Driver0001, HD(1,{GptImage.Partition.ToString().ToUpperInvariant()})/\EFI\hv\hv.efi", installed);
        Assert.Equal(installed, Say(guest, "hvctl install --device /dev/nvme0n1p1"));
        guest.Reboot("efi");
        Assert.Contains("configuration: hv.cfg", Say(guest, $"hvctl log --secret '{Secret}'"), StringComparison.Ordinal);

        Assert.Equal("not installed", Say(guest, "hvctl uninstall"));
        Assert.Equal("not installed", Say(guest, "hvctl uninstall"));
        guest.Reboot("efi");
        Assert.Equal("3", Say(guest, $"hvctl status --secret '{Secret}' 2> /dev/null; echo $?"));
        Assert.Equal("0000", Say(guest, $"tail -c +5 {Variables}/DriverOrder-{GlobalVendor} | hexdump -v -e '/1 \"%02x\"'"));
        Assert.Equal($"Driver0000-{GlobalVendor}", Say(guest, $"ls {Variables} | grep 'Driver[0-9]'"));

        // The variable with a configuration, from here: readable to all, since Linux has to be able to write it.
        Say(guest, "echo 'serial = com1' > /tmp/hv.cfg; hvctl set-config /tmp/hv.cfg; hvctl set-config /tmp/hv.cfg");
        Assert.Equal("serial = com1", Say(guest, "hvctl get-config"));
        Say(guest, "hvctl clear-config");
        Assert.Equal("1", Say(guest, "hvctl get-config 2> /dev/null; echo $?"));
    }

    private string Say(LinuxGuest guest, string command)
    {
        string answer = guest.Run(command);
        _output.WriteLine(answer);
        return answer;
    }
}
