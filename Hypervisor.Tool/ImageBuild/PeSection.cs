namespace Hypervisor.Tool.ImageBuild;

/// <summary>A section of an image (PE/COFF specification §4).</summary>
/// <param name="Name">Its name.</param>
/// <param name="VirtualAddress">Its offset in the loaded image.</param>
/// <param name="VirtualSize">Its size in the loaded image.</param>
/// <param name="RawOffset">Its offset in the file.</param>
/// <param name="RawSize">Its size in the file.</param>
/// <param name="Characteristics">Section flags (§4.1).</param>
public sealed record PeSection(string Name, uint VirtualAddress, uint VirtualSize, uint RawOffset, uint RawSize, uint Characteristics)
{
    /// <summary>IMAGE_SCN_CNT_INITIALIZED_DATA.</summary>
    public const uint InitializedData = 0x0000_0040;

    /// <summary>IMAGE_SCN_MEM_EXECUTE.</summary>
    public const uint Execute = 0x2000_0000;

    /// <summary>IMAGE_SCN_MEM_READ.</summary>
    public const uint Read = 0x4000_0000;

    /// <summary>IMAGE_SCN_MEM_WRITE.</summary>
    public const uint Write = 0x8000_0000;

    /// <summary>Whether it holds code.</summary>
    public bool IsExecutable => (Characteristics & Execute) != 0;

    /// <summary>Whether it can be written.</summary>
    public bool IsWritable => (Characteristics & Write) != 0;

    /// <summary>Its end in the loaded image.</summary>
    public uint VirtualEnd => VirtualAddress + VirtualSize;

    /// <summary>Whether an offset in the loaded image lies in it.</summary>
    public bool Contains(uint address) => address >= VirtualAddress && address < VirtualEnd;
}
