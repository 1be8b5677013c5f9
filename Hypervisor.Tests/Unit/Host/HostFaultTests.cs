using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Host;

public sealed unsafe class HostFaultTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    /// <summary>A frame on the fault stack of processor 1, from whose address the host knows who it is.</summary>
    private ExceptionFrame* Frame => (ExceptionFrame*)((ulong)_machine[1] - ProcessorBlock.Data + ProcessorBlock.FaultStackTop - (ulong)sizeof(ExceptionFrame));

    private ulong* Stack => (ulong*)((ulong)_machine[1] - ProcessorBlock.Data + 0x3F00);

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(SimulatedProcessor.FaultableBegin, true)]
    [InlineData(SimulatedProcessor.FaultableEnd - 1, true)]
    [InlineData(SimulatedProcessor.FaultableEnd, false)]
    [InlineData(SimulatedProcessor.FaultableBegin - 1, false)]
    public void A_fault_where_one_is_to_be_expected_returns_zero(ulong rip, bool expected)
    {
        Fault(13, rip);
        Stack[0] = 0x1234;
        HostFault.Handle(Frame);
        Assert.Equal(expected ? (0x1234ul, (ulong)(Stack + 1), 0ul) : (rip, (ulong)Stack, 99ul), (Frame->Rip, Frame->Rsp, Frame->Rax));
        Assert.Equal(expected ? 0 : 1, _machine.Bootstrap.Halts);
        Assert.Equal(expected ? 0u : 1, _machine.Machine->FaultReported);
    }

    [Fact]
    public void A_redirected_init_is_taken_note_of()
    {
        Fault(30, 0x5000);
        HostFault.Handle(Frame);
        Assert.Equal(StartupRequest.Init.Value, _machine[1]->Startup.Request);
        Assert.Equal(0u, _machine[0]->Startup.Request);
        Assert.Equal(0, _machine.Bootstrap.Halts);
    }

    [Fact]
    public void The_report_names_what_where_and_who()
    {
        Fault(14, _machine.Options.RegionBase + 0x1234);
        _machine.Bootstrap.Cr2 = 0xDEAD_B000;
        Frame->R15 = 0x1515_1515;
        Stack[0] = 0x5717_AC4E;
        _machine.VmcbOf(1)->Rip = 0x6E57_0001;
        _machine[1]->Trace.Add(0x72, 0xCAFE, 1, 2);
        HostFault.Handle(Frame);
        string log = _machine.LogText();
        foreach (string part in new[]
        {
            "#PF page fault", "image+0x1234", "0xDEADB000", "0000000015151515", "000000005717AC4E", "000000006E570001", "code 0x72", "000000000000CAFE", "processor 1 is stopped",
        })
        {
            Assert.Contains(part, log, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Only_the_first_fault_is_reported()
    {
        Fault(6, 0x5000);
        HostFault.Handle(Frame);
        HostFault.Handle(Frame);
        Assert.Equal(2, _machine.LogText().Split("end of report").Length);
        Assert.Equal(2, _machine.Bootstrap.Halts);
    }

    private void Fault(ulong vector, ulong rip)
    {
        Instructions.Processor = _machine.Bootstrap;
        *Frame = new ExceptionFrame { Vector = vector, Rip = rip, Rsp = (ulong)Stack, Rax = 99 };
    }
}
