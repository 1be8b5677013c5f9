namespace Hypervisor.Devices.Ahci;

/// <summary>A place in a command's data.</summary>
internal struct BufferCursor
{
    /// <summary>Number of the buffer.</summary>
    internal int Index;

    /// <summary>Bytes of it that are behind.</summary>
    internal int Offset;
}
