using Hypervisor.Core.Guest;

namespace Hypervisor.Core.Vmx;

/// <summary>Which CPUID bits a guest under VMX must not see (R-14, R-53; Intel SDM vol 2, CPUID).</summary>
public static class VmxHiddenFeatures
{
    // Leaf 7, subleaf 0.
    private const uint Invpcid = 1u << 10; // EBX
    private const uint Trace = 1u << 25; // EBX
    private const uint UserWait = 1u << 5; // ECX
    private const uint ShadowStacks = 1u << 7; // ECX
    private const uint Rdpid = 1u << 22; // ECX
    private const uint Pconfig = 1u << 18; // EDX
    private const uint BranchTracking = 1u << 20; // EDX

    // Leaf 7, subleaf 1.
    private const uint Fred = 1u << 17; // EAX
    private const uint NmiSource = 1u << 20; // EAX
    private const uint MsrList = 1u << 27; // EAX
    private const uint Pbndkb = 1u << 1; // EBX
    private const uint MsrImmediate = 1u << 5; // ECX
    private const uint UserMsr = 1u << 15; // EDX
    private const uint SupervisorShadowStacks = 1u << 18; // EDX

    // Leaf 0Dh, subleaf 1.
    private const uint Xsaves = 1u << 3; // EAX
    private const uint TraceState = 1u << 8; // ECX
    private const uint CetState = (1u << 11) | (1u << 12); // ECX

    // Leaf 8000_0001h.
    private const uint Rdtscp = 1u << 27; // EDX

    /// <summary>What is hidden on every processor, because the control it needs is never set or its exits are not known.</summary>
    public static HiddenFeatures Always => new()
    {
        // FRED: events are injected and recorded with event data, and its MSRs are switched, only with controls of VMX FRED transitions
        // (entry control bit 23, secondary exit controls). NMI-source reporting is of use to FRED alone.
        // MSRLIST: RDMSRLIST and WRMSRLIST are #UD without the tertiary control "enable MSR-list instructions" (vol 3 §24.6.2, table 24-8).
        Structured1Eax = Fred | NmiSource | MsrList,

        // PBNDKB: wraps keys for total storage encryption; no control that is set here lets it through.
        Structured1Ebx = Pbndkb,

        // RDMSR and WRMSRNS with an immediate exit by the MSR bitmaps with reasons of their own (84, 85) and any general register as operand.
        Structured1Ecx = MsrImmediate,

        // URDMSR and UWRMSR: likewise, reasons 80 and 81, at CPL 3.
        Structured1Edx = UserMsr,
    };

    /// <summary>Hides features whose control is missing.</summary>
    public static void Hide(VmxFeatures features, ref HiddenFeatures hidden)
    {
        hidden.Structured0Ebx |= (features & VmxFeatures.Invpcid) != 0 ? Invpcid : 0;
        hidden.Structured0Ecx |= (features & VmxFeatures.UserWait) != 0 ? UserWait : 0;
        hidden.Structured0Ecx |= (features & VmxFeatures.Rdpid) != 0 ? Rdpid : 0;
        hidden.Structured0Edx |= (features & VmxFeatures.Pconfig) != 0 ? Pconfig : 0;
        hidden.ExtendedEdx |= (features & VmxFeatures.Rdtscp) != 0 ? Rdtscp : 0;
        if ((features & VmxFeatures.Xsaves) != 0)
        {
            // With XSAVES go the components only it can save (vol 1 §13.2).
            hidden.ExtendedState1Eax |= Xsaves;
            hidden.ExtendedState1Ecx = uint.MaxValue;
            hidden.ExtendedState1Edx = uint.MaxValue;
        }

        if ((features & VmxFeatures.Trace) != 0)
        {
            // XRSTORS could load the trace MSRs past the MSR bitmaps, so the component goes too.
            hidden.Structured0Ebx |= Trace;
            hidden.ExtendedState1Ecx |= TraceState;
            hidden.Trace = 1;
        }

        if ((features & VmxFeatures.Cet) != 0)
        {
            hidden.Structured0Ecx |= ShadowStacks;
            hidden.Structured0Edx |= BranchTracking;
            hidden.Structured1Edx |= SupervisorShadowStacks;
            hidden.ExtendedState1Ecx |= CetState;
        }
    }
}
