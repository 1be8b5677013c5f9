namespace Hypervisor.Core.Guest;

/// <summary>How the guest's WRMSR of a microcode update ends.</summary>
public enum MicrocodeUpdateOutcome
{
    /// <summary>The instruction is complete. Whether the update was good is for the guest to find out, by the revision.</summary>
    Done,

    /// <summary>#GP(0).</summary>
    GeneralProtection,

    /// <summary>#PF: the update is not mapped for the guest.</summary>
    PageFault,
}
