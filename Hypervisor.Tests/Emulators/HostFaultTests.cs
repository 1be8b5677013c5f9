using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Hypervisor.Tool.Emulators;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Faults in the host, raised on purpose: the report must tell a reader what happened and where.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class HostFaultTests
{
    private const string EndOfReport = "*** hv: end of report";
    private const string SymbolSection = ".hvsyms";
    private const int MostMinutes = 2;
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(200);

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public HostFaultTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void A_page_fault_is_reported() => IsReported("page-fault", "#PF page fault", "    address 0x10");

    [EmulatorFact]
    public void A_failed_check_is_reported() => IsReported("bounds", "#UD undefined instruction", "    check failed: ");

    [EmulatorFact]
    public void A_stack_overflow_is_reported() => IsReported("stack", "#PF page fault", "    address 0x");

    private void IsReported(string fault, string name, string detail)
    {
        IReadOnlyList<string> report = ReadReport(fault);
        _output.WriteLine(string.Join(Environment.NewLine, report));
        Assert.Contains($"*** hv: fault in the host: {name}", report[0], StringComparison.Ordinal);
        Assert.Contains(report, line => line.Contains(EndOfReport, StringComparison.Ordinal));
        string[] parts =
        [
            detail, "    at 0x", "    rax 0x", " r15 0x", " cr3 0x", "    code ", "    stack+0x00 ", "    guest rip 0x", "    guest cr0 0x", "    exit -0 code 0x",
        ];
        Assert.All(parts, part => Assert.Contains(report, line => line.Contains(part, StringComparison.Ordinal)));
        string place = report.First(line => line.Contains("    at 0x", StringComparison.Ordinal));
        Assert.Matches("image\\+0x[0-9A-F]+", place);
        if (Encoding.Latin1.GetString(File.ReadAllBytes(_linux.Workspace.HypervisorImage)).Contains(SymbolSection, StringComparison.Ordinal))
        {
            Assert.Matches(@"image\+0x[0-9A-F]+ \S+\+0x[0-9A-F]+", place);
        }
    }

    /// <summary>Boots until the host has written its report; the machine hangs then, as it should.</summary>
    private IReadOnlyList<string> ReadReport(string fault)
    {
        LinuxBootOptions options = _linux.Options($"test-fault-{fault}", hypervisor: true);
        using Machine machine = _linux.Start(options with
        {
            Configuration = options.Configuration + $"fault-test = {fault}\n",
            Machine = options.Machine with { StopOnCrash = false, TimeLimit = TimeSpan.FromMinutes(MostMinutes), AllowReset = false },
        });
        IReadOnlyList<string> report = [];
        while (!machine.HasExited)
        {
            report = RunReport.FindCrash(machine.Folder);
            if (report.Any(line => line.Contains(EndOfReport, StringComparison.Ordinal)))
            {
                break;
            }

            Thread.Sleep(_interval);
        }

        _output.WriteLine($"{fault}: reported {machine.Elapsed.TotalSeconds:F1} s after the machine's start");
        machine.Stop();
        machine.Folder.DeleteState();
        Assert.NotEmpty(report);
        return report;
    }
}
