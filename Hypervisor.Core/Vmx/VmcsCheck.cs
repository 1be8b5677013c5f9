namespace Hypervisor.Core.Vmx;

/// <summary>
/// Everything VM entry checks, once more and in words, so that an entry that failed is explained. In the order of the manual (Intel SDM vol 3 §26.2 and §26.3),
/// which is not always the processor's: where several rules are broken, it may have stopped at another.
/// </summary>
/// <remarks>
/// Not looked at, because the host uses none of it: FRED, user interrupts, HLAT and other tertiary controls, the dual-monitor treatment, and the bits of
/// IA32_PERF_GLOBAL_CTRL and IA32_RTIT_CTL.
/// </remarks>
public static class VmcsCheck
{
    /// <summary>What is wrong with the current VMCS.</summary>
    /// <returns>The first rule broken; none where nothing is wrong.</returns>
    public static VmcsViolation Violation()
    {
        VmcsViolation found = ControlsAndHost();
        return found.Exists ? found : Guest();
    }

    /// <summary>What ends in VMfail: controls and the host's state (§26.2).</summary>
    public static VmcsViolation ControlsAndHost()
    {
        VmcsViolation found = VmcsCheckExecutionControls.Violation();
        found = found.Exists ? found : VmcsCheckEpt.Violation();
        found = found.Exists ? found : VmcsCheckEntryExitControls.Violation();
        found = found.Exists ? found : VmcsCheckEvent.Violation();
        return found.Exists ? found : VmcsCheckHostState.Violation();
    }

    /// <summary>What ends in exit reason 33: the guest's state (§26.3.1).</summary>
    public static VmcsViolation Guest()
    {
        VmcsViolation found = VmcsCheckGuestRegisters.Violation();
        found = found.Exists ? found : VmcsCheckGuestSegments.Violation();
        found = found.Exists ? found : VmcsCheckGuestFlow.Violation();
        found = found.Exists ? found : VmcsCheckGuestActivity.Violation();
        return found.Exists ? found : VmcsCheckGuestPaging.Violation();
    }
}
