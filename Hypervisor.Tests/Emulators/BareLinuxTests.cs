using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Linux without the hypervisor: the baseline that all other runs are compared with.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class BareLinuxTests
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
        BareBaseline bare = _linux.Bare;
        _output.WriteLine($"prompt after {bare.UntilPrompt.TotalSeconds:F1} s");
        _output.WriteLine($"SVM flags: {string.Join(' ', bare.Facts.VirtualizationFlags)}");
        _output.WriteLine($"{bare.UnknownNmis} of {NmiLoad.Sent} NMIs came as unknown");
        Assert.Equal("0-1", bare.Facts.Online);
        Assert.Equal(GuestScripts.NoAnswer, bare.Statistics);
        Assert.Contains("svm", bare.Facts.VirtualizationFlags);
        Assert.NotEmpty(bare.Facts.PciDevices);
        Assert.NotEqual(0, bare.Facts.E820.Count);
        Assert.NotEqual(0, bare.Facts.EfiMap.Count);
        Assert.Equal(SvmTryProgram.Attempts, bare.Facts.Attempts.Count);
    }
}
