using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>The probe: an EFI program whose results must be the same bare and behind the hypervisor.</summary>
[Trait("Category", "Emulator")]
public sealed class ProbeTests
{
    private const string AmdWithoutSvm = "EPYC,-svm";
    private const string Refused = "#GP@0";
    private const string NoSvm = ProbeRun.NotePrefix + "svm-feature: svm=0 skinit=0 leaf=0";
    private const string Stress = "stress 100000 ";
    private static readonly QemuOptions _machine = new() { TimeLimit = TimeSpan.FromMinutes(4) };
    private readonly Workspace _workspace = Workspace.Find();
    private readonly ITestOutputHelper _output;

    public ProbeTests(ITestOutputHelper output)
    {
        _output = output;
    }

    [ProbeFact]
    public void Two_bare_runs_say_the_same_and_so_does_one_without_SVM()
    {
        IReadOnlyList<string> first = Bare("test-probe-bare");
        Assert.DoesNotContain(first, line => line.Contains("UNEXPECTED", StringComparison.Ordinal));
        AssertSame(first, Bare("test-probe-bare-again"));
        AssertSame(first, ProbeRun.Results(new ProbeRun(_workspace) { Machine = new QemuOptions { Processor = AmdWithoutSvm } }.Execute("test-probe-without-svm")));
    }

    [ProbeFact(Hypervisor = true)]
    public void Behind_the_hypervisor_everything_is_as_on_a_bare_machine()
    {
        AssertSame(Bare("test-probe-bare"), ProbeRun.Results(Behind(string.Empty).Execute("test-probe-hv")));
    }

    [ProbeFact(Hypervisor = true)]
    public void Behind_the_hypervisor_there_is_no_SVM_and_reserved_bits_are_refused()
    {
        // There is no bare run to compare with: QEMU ignores some of these bits and stops at others, and a bare machine shows its SVM.
        IReadOnlyList<string> lines = Behind("reserved").Execute("test-probe-reserved");
        Assert.Contains(NoSvm, lines);
        List<string> accepted = [.. lines.SkipLast(1).Where(line => line != NoSvm && !line.Contains(Refused, StringComparison.Ordinal))];
        accepted.ForEach(_output.WriteLine);
        Assert.Empty(accepted);
    }

    [ProbeFact(Hypervisor = true)]
    public void Random_exits_give_the_same_answers_as_on_a_bare_machine()
    {
        string arguments = Stress + Random.Shared.Next(1, int.MaxValue).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _output.WriteLine(arguments);
        ProbeRun bare = new(_workspace) { Arguments = arguments, Machine = _machine };
        IReadOnlyList<string> expected = ProbeRun.Results(bare.Execute("test-probe-stress-bare"));
        AssertSame(expected, ProbeRun.Results(Behind(arguments).Execute("test-probe-stress")));
    }

    private IReadOnlyList<string> Bare(string name)
    {
        return ProbeRun.Results(new ProbeRun(_workspace).Execute(name));
    }

    private ProbeRun Behind(string arguments)
    {
        return new ProbeRun(_workspace) { Hypervisor = _workspace.HypervisorImage, Arguments = arguments, Machine = _machine };
    }

    private void AssertSame(IReadOnlyList<string> expected, IReadOnlyList<string> actual)
    {
        Assert.NotEmpty(expected);
        List<string> differences =
        [
            .. expected.Except(actual).Select(line => $"expected {line}"),
            .. actual.Except(expected).Select(line => $"got      {line}"),
        ];
        differences.ForEach(_output.WriteLine);
        Assert.Empty(differences);
        Assert.Equal(expected, actual);
    }
}
