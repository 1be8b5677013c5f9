namespace Hypervisor.Devices.Ahci;

/// <summary>What becomes of a sector.</summary>
public enum RuleAction : byte
{
    /// <summary>Whatever the guest wants.</summary>
    Pass,

    /// <summary>A line in the log for each command; the next rule decides.</summary>
    Log,

    /// <summary>It cannot be changed.</summary>
    ReadOnly,

    /// <summary>It can be neither read nor changed.</summary>
    Deny,

    /// <summary>It is encrypted on the medium.</summary>
    Encrypt,
}
