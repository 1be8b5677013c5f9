namespace Hypervisor.Core.Guest.Startup;

/// <summary>Who is addressed without the destination field.</summary>
/// <remarks>Intel SDM vol 3 §10.6.1; AMD APM vol 2 §16.5, "Destination Shorthand".</remarks>
public enum InterruptShorthand : byte
{
    /// <summary>The destination field counts.</summary>
    None = 0,

    /// <summary>The sender.</summary>
    Self = 1,

    /// <summary>Everyone.</summary>
    AllIncludingSelf = 2,

    /// <summary>Everyone but the sender.</summary>
    AllExcludingSelf = 3,
}
