namespace Hypervisor.Core.Guest.Emulation;

/// <summary>How the emulation of an instruction ended.</summary>
public enum EmulationOutcome : byte
{
    /// <summary>Nothing has been changed: the instruction is not one of those that are known, or touches no trapped page. The guest has to execute it itself.</summary>
    NotEmulated = 0,

    /// <summary>The instruction is done, or, for one that repeats, some of it: then RIP still stands on it and the guest goes on with it.</summary>
    Done,

    /// <summary>The instruction ends in an exception, which has been raised.</summary>
    Faulted,
}
