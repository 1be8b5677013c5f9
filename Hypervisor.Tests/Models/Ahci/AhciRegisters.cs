namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The registers behind ABAR.</summary>
internal sealed class AhciRegisters(AhciController controller) : IPciRegion
{
    public int Length => AhciController.RegisterSize;

    public ulong Read(int offset, int size) => controller.Read(offset, size);

    public void Write(int offset, int size, ulong value) => controller.Write(offset, size, value);
}
