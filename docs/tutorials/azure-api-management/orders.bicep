@description('The API Management service that the backends belong to.')
param serviceName string

@description('How often a backend may fail within a minute before it is left alone.')
param failures int = 3

@description('Where orders are taken: the two regions that share the traffic, and the one that stands by.')
param regions array = [
  { name: 'north', url: 'https://orders-north.example.com', weight: 3, priority: 1 }
  { name: 'west', url: 'https://orders-west.example.com', weight: 1, priority: 1 }
  { name: 'spare', url: 'https://orders-spare.example.com', weight: 1, priority: 2 }
]

resource service 'Microsoft.ApiManagement/service@2024-06-01-preview' existing = {
  name: serviceName
}

resource orders 'Microsoft.ApiManagement/service/backends@2024-06-01-preview' = [for region in regions: {
  parent: service
  name: 'orders-${region.name}'
  properties: {
    url: region.url
    protocol: 'http'
    circuitBreaker: {
      rules: [
        {
          name: 'leave-alone'
          failureCondition: {
            count: failures
            interval: 'PT1M'
            statusCodeRanges: [
              { min: 429, max: 429 }
              { min: 500, max: 599 }
            ]
            errorReasons: [
              'Server errors'
            ]
          }
          tripDuration: 'PT1M'
          acceptRetryAfter: true
        }
      ]
    }
  }
}]

resource pool 'Microsoft.ApiManagement/service/backends@2024-06-01-preview' = {
  parent: service
  name: 'orders'
  properties: {
    type: 'Pool'
    pool: {
      services: [for (region, i) in regions: {
        id: orders[i].id
        weight: region.weight
        priority: region.priority
      }]
    }
  }
}
