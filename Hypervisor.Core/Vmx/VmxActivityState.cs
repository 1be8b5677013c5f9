namespace Hypervisor.Core.Vmx;

/// <summary>Guest activity state.</summary>
/// <remarks>Intel SDM vol 3 §24.4.2.</remarks>
public enum VmxActivityState : uint
{
    /// <summary>Executing instructions.</summary>
    Active = 0,

    /// <summary>Stopped by HLT.</summary>
    Halt = 1,

    /// <summary>Stopped by a triple fault.</summary>
    Shutdown = 2,

    /// <summary>Waiting for a start-up IPI.</summary>
    WaitForSipi = 3,
}
