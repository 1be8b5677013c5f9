namespace Hypervisor.Tool.ImageBuild;

/// <summary>Data directories of an image (PE/COFF specification §3.4.3) that the checks look at.</summary>
public enum PeDirectory
{
    /// <summary>Functions of other images.</summary>
    Import = 1,

    /// <summary>Places that move with the image.</summary>
    BaseRelocation = 5,

    /// <summary>Thread-local data.</summary>
    ThreadLocalStorage = 9,

    /// <summary>Addresses of functions of other images.</summary>
    ImportAddress = 12,

    /// <summary>Functions of other images, bound at the first call.</summary>
    DelayImport = 13,
}
