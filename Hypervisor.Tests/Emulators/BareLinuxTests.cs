using System;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Images;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Linux without the hypervisor: the baseline that all other runs are compared with.</summary>
[Trait("Category", "Emulator")]
public sealed class BareLinuxTests : IClassFixture<LinuxFixture>
{
    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public BareLinuxTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void Two_processors_reach_the_prompt_and_power_off()
    {
        using QemuMachine machine = _linux.Start(new LinuxBootOptions { Name = "test-bare-linux" });
        Assert.Equal("2", machine.WaitFor(GuestMarkers.Processors, LinuxFixture.BootLimit).Groups[1].Value);
        machine.WaitFor(GuestMarkers.VariablesReadable, LinuxFixture.StepLimit);
        machine.WaitFor(GuestMarkers.Prompt, LinuxFixture.StepLimit);
        _output.WriteLine($"prompt after {machine.Elapsed.TotalSeconds:F1} s");

        // The answer must not be a part of the command, which the console echoes.
        machine.SendLine("echo online-$(cat /sys/devices/system/cpu/online)");
        machine.WaitFor("online-0-1", LinuxFixture.StepLimit);

        Assert.Contains("RIP=", machine.Monitor.ExecuteHuman("info registers"), StringComparison.Ordinal);
        machine.SendLine("poweroff -f");
        Assert.Equal(0, machine.WaitForExit(LinuxFixture.StepLimit));
        Assert.Empty(RunReport.FindCrash(machine.Folder));
        machine.Folder.DeleteState();
    }
}
