namespace Hypervisor.Devices.Ahci;

/// <summary>A place in a command's data.</summary>
public struct BufferCursor
{
    /// <summary>Number of the buffer.</summary>
    public int Index;

    /// <summary>Bytes of it that are behind.</summary>
    public int Offset;
}
