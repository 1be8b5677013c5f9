namespace Hypervisor.Tests.Models;

/// <summary>Registers of a device, behind a base address register or in configuration space.</summary>
internal interface IPciRegion
{
    /// <summary>Bytes.</summary>
    int Length { get; }

    ulong Read(int offset, int size);

    void Write(int offset, int size, ulong value);
}
