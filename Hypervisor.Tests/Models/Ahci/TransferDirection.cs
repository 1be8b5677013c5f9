namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Where the data of a command go.</summary>
internal enum TransferDirection
{
    None,
    ToHost,
    ToDevice,
}
