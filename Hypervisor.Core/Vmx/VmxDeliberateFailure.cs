using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>Makes the next VM entry fail on purpose, each kind at another stage, so that its report can be tested.</summary>
public static unsafe class VmxDeliberateFailure
{
    private const ulong NotAPage = 1;

    /// <summary>
    /// Does what the configuration asks for, if anything: spoils the VMCS for the entry that follows, or raises one of the faults that every processor knows. Called
    /// at exits that are not hot, behind everything that writes the VMCS.
    /// </summary>
    public static void Check(ProcessorData* processor)
    {
        DeliberateFault.Kind kind = DeliberateFault.Due(processor);
        if (!DeliberateFault.IsEntryFailure(kind))
        {
            DeliberateFault.Check(processor);
            return;
        }

        processor->Machine->DeliberateFault = 0;
        switch (kind)
        {
            case DeliberateFault.Kind.EntryCr0:
                Vmcs.Write(VmcsFieldNatural.GuestCr0, new Cr0(Vmcs.Read(VmcsFieldNatural.GuestCr0)).WithNumericError(false).Value);
                break;
            case DeliberateFault.Kind.EntryRFlags:
                Vmcs.Write(VmcsFieldNatural.GuestRFlags, 0);
                break;
            case DeliberateFault.Kind.EntryTr:
                Vmcs.Write(VmcsField32.GuestTrAccessRights, VmxAccessRights.Null);
                break;
            case DeliberateFault.Kind.EntryLink:
                Vmcs.Write(VmcsField64.LinkPointer, NotAPage);
                break;
            case DeliberateFault.Kind.EntryMsr:
                LoadForbiddenMsr(processor);
                break;
            case DeliberateFault.Kind.EntryHostCs:
                Vmcs.Write(VmcsField16.HostCsSelector, 0);
                break;
            case DeliberateFault.Kind.EntryControls:
                Vmcs.Write(VmcsField32.PinControls, 0);
                break;
        }
    }

    /// <summary>FS.base must not be in a list (Intel SDM vol 3 §26.4). An entry is number, reserved, value.</summary>
    private static void LoadForbiddenMsr(ProcessorData* processor)
    {
        *(ulong*)processor->Machine->ScratchPage = Msr.FsBase;
        Vmcs.Write(VmcsField64.EntryMsrLoad, processor->Machine->ScratchPage);
        Vmcs.Write(VmcsField32.EntryMsrLoadCount, 1);
    }
}
