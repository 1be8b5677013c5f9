using System;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Images;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Suspending to memory, by Linux with all mediators attached, and forbidding it.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class SleepTests
{
    private const string Settings = LinuxBootOptions.DefaultConfiguration + "mediators = acpi,lapic,smi,pci\n";
    private const string Secret = $"export HV_SECRET='{LinuxBootOptions.DefaultSecret}'";
    private const string BootId = "hvctl status | sed -n 's/^boot id *//p'";
    private const string Mediators = "hvctl mediators | grep -c ' armed '";


    private const int Times = 3;

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
        Assert.Matches("^[0-9A-F]{16}$", boot);
        const string mediators = "4";
        Assert.Equal(mediators, guest.Run(Mediators));
        for (int i = 0; i < Times; i++)
        {
            guest.Run("echo 0 > /sys/class/rtc/rtc0/wakealarm; echo +4 > /sys/class/rtc/rtc0/wakealarm; echo mem > /sys/power/state");
            Assert.Equal(boot, guest.Run(BootId));
            Assert.Equal(mediators, guest.Run(Mediators));
            Assert.Equal("0-1", guest.Run("cat /sys/devices/system/cpu/online"));
        }

        _output.WriteLine(guest.Run("hvctl status; hvctl mediators"));
        Assert.Equal(Times, guest.HypervisorLines.Count(line => line.Contains("woken from S3", StringComparison.Ordinal)));
        Assert.Single(guest.Launches);
        guest.PowerOff();
    }

    [EmulatorFact]
    public void Where_sleep_is_denied_it_is_not_offered()
    {
        using LinuxGuest guest = Boot("test-sleep-denied", Settings + "acpi.sleep = deny\n");
        Assert.DoesNotContain("deep", guest.Run("cat /sys/power/mem_sleep 2> /dev/null; true"), StringComparison.Ordinal);
        _output.WriteLine(guest.Run("cat /sys/power/state /sys/power/mem_sleep; hvctl mediators"));
        AssertAwake(guest);
        guest.PowerOff();
    }

    [EmulatorFact]
    public void Where_sleep_is_denied_writing_the_register_past_the_kernel_is_refused()
    {
        LinuxBootOptions options = _linux.Options("test-sleep-forced", hypervisor: true) with { Configuration = Settings + "acpi.sleep = deny\n" };
        using LinuxGuest guest = _linux.Boot(options with { RootFiles = [.. options.RootFiles, new GuestFile("bin/sleeptry", SleepTryProgram.Write(), Executable: true)] });
        guest.Run(Secret);
        long before = Refused(guest);
        Assert.Equal(SleepTryProgram.StillAwake, guest.Run("sleeptry"));
        Assert.Equal(before + SleepTryProgram.Attempts, Refused(guest));
        Assert.Equal("4", guest.Run(Mediators));
        AssertAwake(guest);
        guest.PowerOff();
    }

    /// <summary>The acpi mediator's counter: others have one of that name too.</summary>
    private static long Refused(LinuxGuest guest)
    {
        Match match = Regex.Match(guest.Run("hvctl mediators"), @"^acpi [\s\S]*?^ +refused +(\d+)", RegexOptions.Multiline);
        Assert.True(match.Success);
        return long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static void AssertAwake(LinuxGuest guest)
    {
        Assert.DoesNotContain(guest.HypervisorLines, line => line.Contains("the machine enters S3", StringComparison.Ordinal));
        Assert.DoesNotContain(guest.HypervisorLines, line => line.Contains("woken from S3", StringComparison.Ordinal));
    }

    private LinuxGuest Boot(string name, string configuration)
    {
        LinuxGuest guest = _linux.Boot(_linux.Options(name, hypervisor: true) with { Configuration = configuration });
        guest.Run(Secret);
        return guest;
    }
}
