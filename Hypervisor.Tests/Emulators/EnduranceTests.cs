using System;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>The same things again and again.</summary>
[Trait("Category", "Emulator")]
[Trait("Category", "Slow")]
[Collection(EmulatorCollection.Name)]
public sealed class EnduranceTests
{
    private const int Boots = 10;
    private const int HotplugCycles = 200;
    private const int ParallelCycles = 100;
    private const int Nmis = 200;
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(15);

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public EnduranceTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void Ten_boots_in_a_row()
    {
        for (int i = 1; i <= Boots; i++)
        {
            using LinuxGuest guest = _linux.Boot(_linux.Options("test-boots", hypervisor: true));
            Assert.Equal("0-1", guest.Run("cat /sys/devices/system/cpu/online"));
            _output.WriteLine($"boot {i}: prompt after {guest.Machine.Elapsed.TotalSeconds:F1} s, {guest.Run("hvctl exits --total")} exits");
            guest.PowerOff();
            Assert.Single(guest.Launches);
        }
    }

    [EmulatorFact]
    public void Every_way_to_reboot()
    {
        string[] ways = ["acpi", "kbd", "efi", "triple"];
        using LinuxGuest guest = Boot("test-reboots", processors: 2);
        foreach (string way in ways)
        {
            TimeSpan before = guest.Machine.Elapsed;
            guest.Reboot(way);
            _output.WriteLine($"{way}: prompt {(guest.Machine.Elapsed - before).TotalSeconds:F1} s later");
            Assert.Equal("0-1", guest.Run("cat /sys/devices/system/cpu/online"));
        }

        // The button on the case, in the middle of work.
        guest.Run("{ dd if=/dev/zero of=/dev/null bs=512 2> /dev/null & }");
        guest.Monitor.Reset();
        guest.WaitForPrompt();
        Assert.Equal(ways.Length + 2, guest.Launches.Count);
        guest.PowerOff();
    }

    [EmulatorFact]
    public void A_processor_goes_offline_and_online_200_times()
    {
        using LinuxGuest guest = Boot("test-hotplug", processors: 2);
        TimeSpan before = guest.Machine.Elapsed;
        Assert.Equal($"{HotplugCycles}", guest.Run($"{GuestScripts.Hotplug} 1 {HotplugCycles}", _limit));
        _output.WriteLine($"{HotplugCycles} times in {(guest.Machine.Elapsed - before).TotalSeconds:F1} s");
        _output.WriteLine(guest.Run("hvctl exits"));
        guest.PowerOff();
    }

    [EmulatorFact]
    public void Three_of_four_processors_go_offline_and_online_at_once()
    {
        using LinuxGuest guest = Boot("test-parallel", processors: 4);
        TimeSpan before = guest.Machine.Elapsed;
        string[] done = guest.Run($"{GuestScripts.HotplugAll} 4 {ParallelCycles}", _limit).Split('\n');
        Assert.Equal(Enumerable.Repeat($"{ParallelCycles}", 3), done);
        _output.WriteLine($"3 x {ParallelCycles} times in {(guest.Machine.Elapsed - before).TotalSeconds:F1} s");
        Assert.Equal("0-3", guest.Run("cat /sys/devices/system/cpu/online"));
        _output.WriteLine(guest.Run("hvctl exits"));
        guest.PowerOff();
    }

    [EmulatorFact]
    public void Nmis_come_while_a_processor_goes_offline_and_online()
    {
        using LinuxGuest guest = Boot("test-nmi", processors: 2);
        guest.Run($"{{ {GuestScripts.Hotplug} 1 {HotplugCycles} > /tmp/done & }}");
        NmiLoad.Send(guest, Nmis);
        Assert.Equal(Nmis, NmiLoad.Count(guest));
        guest.Run("wait", _limit);
        Assert.Equal($"{HotplugCycles}", guest.Run("cat /tmp/done"));
        _output.WriteLine(guest.Run("hvctl exits"));
        guest.PowerOff();
    }

    private LinuxGuest Boot(string name, int processors)
    {
        LinuxBootOptions options = _linux.Options(name, hypervisor: true, processors);
        return _linux.Boot(options with { Machine = options.Machine with { TimeLimit = _limit } });
    }
}
