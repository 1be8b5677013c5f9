using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>The probe on Bochs: its results must be the same bare and behind the hypervisor.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class BochsProbeTests
{
    private static readonly BochsOptions _machine = new() { Processors = 1, MemoryMiB = 512, TimeLimit = TimeSpan.FromMinutes(6) };
    private static readonly Workspace _workspace = Workspace.Find();
    // Two tests compare with it, and it takes more than a minute.
    private static readonly Lazy<IReadOnlyList<string>> _bare = new(() => Run("test-bochs-probe-bare", hypervisor: null));
    private readonly ITestOutputHelper _output;

    public BochsProbeTests(ITestOutputHelper output)
    {
        _output = output;
    }

    [BochsFact]
    public void Bare_every_check_comes_to_its_end()
    {
        _output.WriteLine($"{_bare.Value.Count} results");
        Assert.True(_bare.Value.Count > 100, $"only {_bare.Value.Count} results");
        Assert.DoesNotContain(_bare.Value, line => line.Contains("UNEXPECTED", StringComparison.Ordinal));
        // A machine that could not tell one processor from another would make a poor baseline: this one has VMX, and the probe says so in a note.
        Assert.Contains(_bare.Value, line => line.Contains("probe: cpuid: 00000001", StringComparison.Ordinal));
    }

    [BochsFact(Hypervisor = true)]
    public void Behind_the_hypervisor_everything_is_as_on_a_bare_machine()
    {
        IReadOnlyList<string> behind = Run("test-bochs-probe", _workspace.HypervisorImage);
        List<string> differences =
        [
            .. _bare.Value.Except(behind).Select(line => $"expected {line}"),
            .. behind.Except(_bare.Value).Select(line => $"got      {line}"),
        ];
        differences.ForEach(_output.WriteLine);
        Assert.Empty(differences);
        Assert.Equal(_bare.Value, behind);
    }

    private static IReadOnlyList<string> Run(string name, string? hypervisor)
    {
        return ProbeRun.Results(new ProbeRun(_workspace) { Machine = _machine, Hypervisor = hypervisor }.Execute(name));
    }
}
