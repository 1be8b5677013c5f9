using System;
using System.IO;
using System.Security.Cryptography;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>S4: Linux writes its memory to a disk and switches the machine off; what reads it in again runs on the hypervisor of another boot.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class HibernationTests : IDisposable
{
    private const long ImageBytes = 1L << 30;
    private const string Signature = "S1SUSPEND"; // of the kernel, where the swap space's own was
    private const string Secret = $"export HV_SECRET='{LinuxBootOptions.DefaultSecret}'";
    private const string BootId = "hvctl status | sed -n 's/^boot id *//p'";
    private const string Disk = "for s in /sys/block/sd*; do case $(readlink $s) in */ata2/*) echo ${s##*/};; esac; done";

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;
    private readonly string _folder = Directory.CreateTempSubdirectory("hv-hibernation-").FullName;

    public HibernationTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    private string Image => Path.Combine(_folder, "swap.img");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [DriveFact]
    [Trait("Category", "Slow")]
    public void Linux_hibernates_onto_an_encrypted_disk_and_goes_on_in_the_next_boot()
    {
        using (FileStream image = new(Image, FileMode.Create))
        {
            image.SetLength(ImageBytes);
        }

        string key = Convert.ToHexString(RandomNumberGenerator.GetBytes(64));
        string before;
        using (LinuxGuest guest = Boot("test-hibernate", key))
        {
            before = guest.Run(BootId);
            guest.Run($"d=/dev/$({Disk}); mkswap $d && swapon $d && echo platform > /sys/power/disk && echo kept > /tmp/mark");
            guest.Machine.SendLine("echo disk > /sys/power/state; echo wo''ken $?");
            Assert.Equal(0, guest.Machine.WaitForExit(TimeSpan.FromMinutes(3)));
            Assert.Contains(guest.HypervisorLines, line => line.Contains("the machine enters S4", StringComparison.Ordinal));
        }

        Assert.False(Holds(Signature));
        using LinuxGuest next = Boot("test-hibernate", key);
        Assert.NotEqual(before, next.Run(BootId));
        next.Machine.SendLine($"cat /sys/class/block/$({Disk})/dev > /sys/power/resume");
        next.Machine.WaitFor("woken 0", TimeSpan.FromMinutes(3), "The kernel of the first boot did not go on");
        Assert.Equal("kept", next.Run("cat /tmp/mark"));
        Assert.NotEqual(before, next.Run(BootId));
        Assert.Equal("0-1", next.Run("cat /sys/devices/system/cpu/online"));
        _output.WriteLine(next.Run("hvctl status; hvctl mediators"));
        next.PowerOff();
    }

    private LinuxGuest Boot(string name, string key)
    {
        LinuxBootOptions options = _linux.Options(name, hypervisor: true);
        LinuxGuest guest = _linux.Boot(options with
        {
            Configuration = LinuxBootOptions.DefaultConfiguration + $"mediators = acpi,lapic,smi,pci,ahci\nahci.rule = port 1: encrypt main\nahci.key = main, aes-xts-256, hex {key}\n",
            Machine = (QemuOptions)options.Machine with { Drives = [new SataDrive(Image, SataDrive.UsualSerial(1))] },
        });
        guest.Run(Secret);
        return guest;
    }

    /// <summary>Whether the beginning of the disk has a text as it is.</summary>
    private bool Holds(string text)
    {
        byte[] first = new byte[1 << 20];
        using FileStream image = File.OpenRead(Image);
        image.ReadExactly(first);
        return first.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text)) >= 0;
    }
}
