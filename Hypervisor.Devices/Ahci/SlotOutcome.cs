namespace Hypervisor.Devices.Ahci;

/// <summary>What becomes of a command.</summary>
public enum SlotOutcome : byte
{
    /// <summary>The device gets it.</summary>
    Pass,

    /// <summary>The device gets one in its place that it refuses.</summary>
    Refuse,

    /// <summary>Its sectors are decrypted after it.</summary>
    Decrypt,

    /// <summary>Its sectors are encrypted before it.</summary>
    Encrypt,
}
