namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Types of frames (SATA 3.0 §10.3).</summary>
internal enum FisType : byte
{
    RegisterToDevice = 0x27,
    RegisterToHost = 0x34,
    DmaSetup = 0x41,
    PioSetup = 0x5F,
    SetDeviceBits = 0xA1,
}
