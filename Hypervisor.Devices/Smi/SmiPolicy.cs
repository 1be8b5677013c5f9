namespace Hypervisor.Devices.Smi;

/// <summary>What becomes of SMI commands that are not on the list.</summary>
public enum SmiPolicy : byte
{
    /// <summary>They pass.</summary>
    Pass,

    /// <summary>They pass, and the log says so.</summary>
    Log,

    /// <summary>They are refused, and the log says so.</summary>
    Deny,
}
