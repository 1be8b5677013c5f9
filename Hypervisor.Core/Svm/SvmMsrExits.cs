using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Svm;

/// <summary>RDMSR and WRMSR of registers with a policy, and of those outside the permission map .</summary>
internal static unsafe class SvmMsrExits
{
    private const ulong Write = 1;

    internal static ExitCause Handle(ProcessorData* processor, Vmcb* vmcb)
    {
        bool write = vmcb->ExitInfo1 == Write;
        uint msr = (uint)processor->Registers.Rcx;
        bool done = write
            ? TryWrite(processor, vmcb, msr, (processor->Registers.Rdx << 32) | (uint)processor->Registers.Rax)
            : TryRead(processor, vmcb, msr);
        if (done)
        {
            SvmGuest.Advance(vmcb, SvmGuest.InstructionLength(processor, vmcb));
        }
        else
        {
            SvmGuest.RaiseGeneralProtection(vmcb);
        }

        return write ? ExitCause.MsrWrite : ExitCause.MsrRead;
    }

    private static bool TryRead(ProcessorData* processor, Vmcb* vmcb, uint msr)
    {
        ulong value;
        switch (msr)
        {
            case Msr.Efer:
                value = new Efer(vmcb->Efer).WithSvmEnable(false).Value;
                break;
            case Msr.VmCr:
            case Msr.HostSavePhysicalAddress:
            case Msr.SvmKey:
                return false; // a processor without SVM does not have them
            default:
                if (Instructions.TryReadMsr(msr, &value) == 0)
                {
                    return false;
                }

                break;
        }

        processor->Registers.Rax = (uint)value;
        processor->Registers.Rdx = value >> 32;
        return true;
    }

    private static bool TryWrite(ProcessorData* processor, Vmcb* vmcb, uint msr, ulong value)
    {
        switch (msr)
        {
            case Msr.Efer:
                return TryWriteEfer(processor, vmcb, new Efer(value));
            case Msr.ApicBase:
                return TryWriteApicBase(processor, value);
            case Msr.X2ApicInterruptCommand:
                return !LocalApic.Base.IsX2Apic
                    ? Instructions.TryWriteMsr(msr, value) != 0
                    : !ProcessorStartup.Send(processor, InterruptCommand.FromX2Apic(value)) || Instructions.TryWriteMsr(msr, value) != 0;
            case Msr.VmCr:
            case Msr.HostSavePhysicalAddress:
            case Msr.SvmKey:
                return false;
            default:
                return Instructions.TryWriteMsr(msr, value) != 0;
        }
    }

    /// <summary>EFER as a processor without SVM checks it (AMD APM vol 2 §3.1.7); LMA follows LME and CR0.PG by itself.</summary>
    private static bool TryWriteEfer(ProcessorData* processor, Vmcb* vmcb, Efer value)
    {
        Efer current = new(vmcb->Efer);
        if ((value.Value & ~processor->Machine->EferAllowed) != 0
            || (new Cr0(vmcb->Cr0).Paging && value.LongModeEnable != current.LongModeEnable))
        {
            return false;
        }

        vmcb->Efer = value.WithLongModeActive(current.LongModeActive).WithSvmEnable(true).Value;
        vmcb->TlbControl = SvmTlbControl.FlushAll; // NXE changes what translations mean
        return true;
    }

    /// <summary>The page may move, or give way to x2APIC mode: the trap goes with it (C12, R-38).</summary>
    private static bool TryWriteApicBase(ProcessorData* processor, ulong value)
    {
        ulong page = new ApicBase(value).PageAddress;
        MachineData* machine = processor->Machine;
        if (page - machine->RegionBase < machine->RegionSize || page >= NestedTables.End(machine->PhysicalAddressBits))
        {
            // Over the host's memory the page would hide the host's data from the host itself.
            Log.Begin(LogLevel.Warning, processor->Index).Text("local APIC base "u8).Hex(value).Text(" lies in or beyond the memory of hv: #GP"u8).End();
            return false;
        }

        if (Instructions.TryWriteMsr(Msr.ApicBase, value) == 0)
        {
            return false;
        }

        SvmProcessor.BuildApicWindow(processor);
        return true;
    }
}
