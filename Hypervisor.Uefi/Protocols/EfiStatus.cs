namespace Hypervisor.Uefi.Protocols;

/// <summary>EFI_STATUS codes (UEFI 2.10 appendix D); the top bit marks errors.</summary>
public enum EfiStatus : ulong
{
    /// <summary>The operation completed.</summary>
    Success = 0,

    /// <summary>The image failed to load.</summary>
    LoadError = 0x8000_0000_0000_0001,

    /// <summary>A parameter was incorrect.</summary>
    InvalidParameter = 0x8000_0000_0000_0002,

    /// <summary>The operation is not supported.</summary>
    Unsupported = 0x8000_0000_0000_0003,

    /// <summary>The buffer was not the proper size.</summary>
    BadBufferSize = 0x8000_0000_0000_0004,

    /// <summary>The buffer is too small; the needed size was returned.</summary>
    BufferTooSmall = 0x8000_0000_0000_0005,

    /// <summary>The device cannot be written to.</summary>
    WriteProtected = 0x8000_0000_0000_0008,

    /// <summary>Out of memory.</summary>
    OutOfResources = 0x8000_0000_0000_0009,

    /// <summary>Not found.</summary>
    NotFound = 0x8000_0000_0000_000E,

    /// <summary>Access was denied.</summary>
    AccessDenied = 0x8000_0000_0000_000F,

    /// <summary>Already started.</summary>
    AlreadyStarted = 0x8000_0000_0000_0014,

    /// <summary>Aborted.</summary>
    Aborted = 0x8000_0000_0000_0015,

    /// <summary>A security violation.</summary>
    SecurityViolation = 0x8000_0000_0000_001A,
}
