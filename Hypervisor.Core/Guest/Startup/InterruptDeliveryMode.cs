namespace Hypervisor.Core.Guest.Startup;

/// <summary>What an interrupt command delivers.</summary>
/// <remarks>Intel SDM vol 3 §10.6.1; AMD APM vol 2 §16.5, "Message Type".</remarks>
public enum InterruptDeliveryMode : byte
{
    /// <summary>The interrupt of the vector.</summary>
    Fixed = 0,

    /// <summary>The interrupt of the vector, to one of the processors addressed.</summary>
    LowestPriority = 1,

    /// <summary>An SMI.</summary>
    SystemManagement = 2,

    /// <summary>Reserved (AMD: remote read).</summary>
    RemoteRead = 3,

    /// <summary>An NMI.</summary>
    NonMaskable = 4,

    /// <summary>INIT, or what is left of the INIT level de-assert.</summary>
    Init = 5,

    /// <summary>SIPI: start at the page that the vector names.</summary>
    Startup = 6,

    /// <summary>Reserved in an interrupt command.</summary>
    External = 7,
}
