using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// MOV to CR0 and CR4 that touch what the host owns, and CR3 where the processor cannot leave it alone. Nothing of paging is emulated: what the guest asks for is
/// made unremarkable, and the instruction is executed again, natively.
/// </summary>
internal static unsafe class VmxControlRegisterExits
{
    internal static ExitCause Handle(ProcessorData* processor)
    {
        VmxControlRegisterAccess access = new(Vmcs.Read(VmcsFieldNatural.ExitQualification));
        ulong* operand = (ulong*)&processor->Registers + access.Operand;
        bool done = (access.Register, access.Kind) switch
        {
            (0, VmxControlRegisterAccess.AccessKind.MoveTo) => TryWriteCr0(new Cr0(*operand)),
            (3, VmxControlRegisterAccess.AccessKind.MoveTo) => WriteCr3(*operand),
            (3, VmxControlRegisterAccess.AccessKind.MoveFrom) => ReadCr3(processor, access.Operand),
            _ => false, // CR4.VMXE and CR4.SMXE are reserved on a processor without VMX and SMX
        };
        if (!done)
        {
            GuestFault.RaiseGeneralProtection<VmxGuest>(processor);
        }

        return ExitCause.ControlRegister;
    }

    /// <summary>
    /// Only NE can have differed from its shadow. The shadow follows; executed again, the instruction differs in nothing the host owns, and the processor does
    /// everything else.
    /// </summary>
    private static bool TryWriteCr0(Cr0 value)
    {
        Cr0 shadow = new(Vmcs.Read(VmcsFieldNatural.Cr0Shadow));
        Vmcs.Write(VmcsFieldNatural.Cr0Shadow, shadow.WithNumericError(value.NumericError).Value);
        return shadow.NumericError != value.NumericError;
    }

    /// <summary>A target value is loaded without an exit (Intel SDM vol 3 §25.1.3): made one, the value is loaded by the instruction itself.</summary>
    private static bool WriteCr3(ulong value)
    {
        Vmcs.Write(VmcsFieldNatural.Cr3Target0, value);
        Vmcs.Write(VmcsField32.Cr3TargetCount, 1);
        return true;
    }

    private static bool ReadCr3(ProcessorData* processor, int operand)
    {
        ulong value = Vmcs.Read(VmcsFieldNatural.GuestCr3);
        if (operand == GuestRegisters.StackPointer)
        {
            Vmcs.Write(VmcsFieldNatural.GuestRsp, value);
        }
        else
        {
            ((ulong*)&processor->Registers)[operand] = value;
        }

        VmxGuest.Advance(processor, VmxGuest.InstructionLength(processor));
        return true;
    }
}
