using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Vmx;

/// <summary>The two pages that every processor gives to VMX: VMXON region and VMCS (Intel SDM vol 3 §24.2, §24.11.5).</summary>
public static unsafe class VmxRegions
{
    /// <summary>
    /// Puts the executing processor into VMX operation with its VMCS current and clear. FEATURE_CONTROL is locked with VMX allowed where the firmware left it open
    /// CR4.VMXE must be set.
    /// </summary>
    /// <param name="processor">The processor.</param>
    /// <param name="revision">The VMCS revision identifier.</param>
    /// <returns>False when the processor refuses.</returns>
    public static bool Enter(ProcessorData* processor, uint revision)
    {
        FeatureControl control = new(Instructions.ReadMsr(Msr.FeatureControl));
        if (!control.Locked)
        {
            Instructions.WriteMsr(Msr.FeatureControl, control.WithLocked(true).WithVmxOutsideSmx(true).Value);
        }

        ulong region = (ulong)processor - ProcessorBlock.Data + ProcessorBlock.HostSave;
        ulong vmcs = processor->GuestControl;
        *(uint*)region = revision;
        *(uint*)vmcs = revision;
        return Instructions.TryVmxOn(&region) != 0 && Instructions.VmClear(&vmcs) != 0 && Instructions.VmPtrLoad(&vmcs) != 0;
    }
}
