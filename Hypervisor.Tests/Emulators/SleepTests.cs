using System;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Suspending to memory, by Linux with all mediators attached, and forbidding it.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class SleepTests
{
    private const string Settings = LinuxBootOptions.DefaultConfiguration + "mediators = acpi,lapic,smi,pci\n";
    private const string BootId = "hvctl status | sed -n 's/^boot id *//p'";
    private const string Mediators = "hvctl mediators | grep -c attached";
    private const int Times = 3;

    // QEMU's q35: PM1a_CNT, and SLP_EN with the type that \_S3 names there (1).
    private const int PowerControl = 0x604;
    private const string EnterS3 = @"\001\044"; // 2401h: SCI_EN, SLP_TYP 1, SLP_EN

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public SleepTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void Linux_suspends_to_memory_and_wakes_on_the_same_hypervisor()
    {
        using LinuxGuest guest = Boot("test-sleep", Settings);
        string boot = guest.Run(BootId);
        Assert.Equal(16, boot.Length);
        string mediators = guest.Run(Mediators);
        for (int i = 0; i < Times; i++)
        {
            guest.Run("echo 0 > /sys/class/rtc/rtc0/wakealarm; echo +4 > /sys/class/rtc/rtc0/wakealarm; echo mem > /sys/power/state");
            Assert.Equal(boot, guest.Run(BootId));
            Assert.Equal(mediators, guest.Run(Mediators));
            Assert.Equal("0-1", guest.Run("cat /sys/devices/system/cpu/online"));
        }

        _output.WriteLine(guest.Run("hvctl status; hvctl mediators"));
        Assert.Equal(Times, guest.HypervisorLines.Count(line => line.Contains("the machine is awake", StringComparison.Ordinal)));
        Assert.Single(guest.Launches);
        guest.PowerOff();
    }

    [EmulatorFact]
    public void Where_sleep_is_denied_it_is_not_offered_and_cannot_be_entered()
    {
        using LinuxGuest guest = Boot("test-sleep-denied", Settings + "acpi.sleep = deny\n");
        Assert.DoesNotContain("deep", guest.Run("cat /sys/power/mem_sleep 2> /dev/null; true"), StringComparison.Ordinal);
        string uptime = guest.Run("cut -d. -f1 /proc/uptime");
        guest.Run($"printf '{EnterS3}' | dd of=/dev/port bs=2 count=1 seek={PowerControl} oflag=seek_bytes 2> /dev/null; true");
        guest.Run($"for i in 0 1; do printf '{EnterS3}' | dd of=/dev/port bs=1 skip=$i count=1 seek=$(({PowerControl} + i)) 2> /dev/null; done");
        _output.WriteLine($"up for {uptime} s; {guest.Run("hvctl mediators")}");
        Assert.DoesNotContain(guest.HypervisorLines, line => line.Contains("the machine enters S3", StringComparison.Ordinal));
        Assert.DoesNotContain(guest.HypervisorLines, line => line.Contains("the machine is awake", StringComparison.Ordinal));
        guest.PowerOff();
    }

    private LinuxGuest Boot(string name, string configuration) => _linux.Boot(_linux.Options(name, hypervisor: true) with { Configuration = configuration });
}
